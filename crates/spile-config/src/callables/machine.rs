//! Runs the functions of a program: variables, calls, budgets.
//!
//! A machine lives for one page. Its globals are evaluated when they are first used and frozen, so that no row can leave
//! anything behind for the next one. Invariant: whatever the script does, a call ends within its budget of steps, memory
//! and depth.

use std::collections::HashMap;
use std::rc::Rc;

use super::code::{Constant, GlobalValue, Kind, Parameter, ParameterKind, Place, Program};
use super::fault::{Fault, Outcome, exception, raise, stop};
use super::library::Given;
use super::statements::Flow;
use super::value::{Closure, Dict, Exception, Frame, Key, List, NESTING_MAX, Set, Value};
use super::work;

/// Evaluated expressions that one row may take.
const STEPS_MAX: u64 = 5_000_000;

/// Bytes that one row may make, those it drops again included.
pub(super) const BYTES_MAX: usize = 256 << 20;

/// Calls inside of calls, fewer than Python's 1000 since each has a share of the stack.
const CALLS_MAX: usize = 400;

/// Stack that must be free for a call, and what is added when it is not.
const STACK_RED_ZONE: usize = 512 << 10;
const STACK_STEP: usize = 4 << 20;

pub(super) struct Machine<'p> {
    pub(super) program: &'p Program,
    globals: Vec<Option<Value>>,
    texts: Vec<Option<Rc<str>>>,
    steps_left: u64,
    bytes_left: usize,
    calls: usize,
    /// Activations that functions refer to; they are emptied at the end so that circles do not keep them.
    kept: Vec<Rc<Frame>>,
    /// Exceptions that are being handled, innermost last.
    pub(super) handling: Vec<Rc<Exception>>,
    /// The functions that are running, for messages.
    pub(super) running: Vec<usize>,
    /// Keys of rows, which are the same in every row.
    keys: HashMap<Box<str>, Rc<str>, rustc_hash::FxBuildHasher>,
    /// Compiled patterns.
    pub(super) patterns: Vec<Rc<super::library::regex::Pattern>>,
    /// The time that functions see.
    pub(super) now_microseconds: i64,
}

impl<'p> Machine<'p> {
    pub(super) fn new(program: &'p Program) -> Self {
        Self {
            program,
            globals: vec![None; program.globals.len()],
            texts: vec![None; program.texts.len()],
            steps_left: STEPS_MAX,
            bytes_left: BYTES_MAX,
            calls: 0,
            kept: Vec::new(),
            handling: Vec::new(),
            running: Vec::new(),
            keys: HashMap::default(),
            patterns: Vec::new(),
            now_microseconds: program.now_microseconds,
        }
    }

    /// Makes a machine that sees another time than that of the config's reading.
    pub(super) fn at(program: &'p Program, now_microseconds: i64) -> Self {
        Self { now_microseconds, ..Self::new(program) }
    }

    /// Gives the next row its budget.
    pub(super) fn refill(&mut self) {
        self.steps_left = STEPS_MAX;
        self.bytes_left = BYTES_MAX;
        work::refill();
    }

    /// Lets go of what the last row left.
    pub(super) fn forget(&mut self) {
        for frame in self.kept.drain(..) {
            frame.slots.borrow_mut().clear();
        }
        self.handling.clear();
    }

    /// Calls a function that the config names.
    pub(super) fn call_entry(&mut self, entry: usize, arguments: Vec<Value>) -> Outcome<Value> {
        let function = self.global(self.program.entries[entry].global)?;
        let result = self.call(&function, Given { positional: arguments, named: Vec::new() })?;
        // What was compared last may have used the work up.
        self.step()?;
        Ok(result)
    }

    /// Takes one step.
    pub(super) fn step(&mut self) -> Outcome<()> {
        match self.steps_left.checked_sub(1).filter(|_| !work::is_used_up()) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => stop(
                "script/steps",
                format!("the function took more than {STEPS_MAX} steps for one row"),
                "Check it for a loop that does not end; heavy work belongs after loading.",
            ),
        }
    }

    /// Takes memory.
    pub(super) fn take(&mut self, bytes: usize) -> Outcome<()> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => out_of_memory(),
        }
    }

    /// Takes the memory of a list of so many values.
    pub(super) fn take_items(&mut self, items: usize) -> Outcome<()> {
        self.take(items.saturating_mul(size_of::<Value>()))
    }

    /// Makes a text.
    pub(super) fn text(&mut self, text: String) -> Outcome<Value> {
        self.take(text.len())?;
        Ok(Value::text(text))
    }

    /// Makes a list.
    pub(super) fn list(&mut self, items: Vec<Value>) -> Outcome<Value> {
        self.take_items(items.len())?;
        Ok(Value::list(items))
    }

    pub(super) fn literal(&mut self, index: usize) -> Rc<str> {
        let program = self.program;
        Rc::clone(self.texts[index].get_or_insert_with(|| Rc::from(&*program.texts[index])))
    }

    /// Returns a key of a row, shared by all rows that have it.
    pub(super) fn key(&mut self, name: &str) -> Rc<str> {
        if let Some(key) = self.keys.get(name) {
            return Rc::clone(key);
        }
        let key: Rc<str> = name.into();
        // Rows keyed by ids would fill the table.
        if self.keys.len() < 4_096 {
            self.keys.insert(name.into(), Rc::clone(&key));
        }
        key
    }

    pub(super) fn global(&mut self, index: usize) -> Outcome<Value> {
        if let Some(value) = &self.globals[index] {
            return Ok(value.clone());
        }
        let program = self.program;
        let global = &program.globals[index];
        let value = match &global.value {
            GlobalValue::Constant(constant) => frozen(&plain_constant(constant))?,
            GlobalValue::Function { code, defaults } => {
                let mut values = Vec::with_capacity(defaults.len());
                for default in defaults {
                    let value = self.run_thunk(*default)?;
                    values.push(frozen(&value)?);
                }
                Value::Function(Rc::new(Closure { code: *code, outer: None, defaults: values }))
            }
            GlobalValue::Expression(code) => {
                let value = self.run_thunk(*code)?;
                frozen(&value)?
            }
            GlobalValue::Pending => {
                return raise("NameError", format!("name '{}' is not defined", global.name));
            }
        };
        self.globals[index] = Some(value.clone());
        Ok(value)
    }

    fn run_thunk(&mut self, code: usize) -> Outcome<Value> {
        self.call_closure(&Closure { code, outer: None, defaults: Vec::new() }, Given::default())
    }

    /// Calls anything that can be called.
    pub(super) fn call(&mut self, function: &Value, given: Given) -> Outcome<Value> {
        match function {
            Value::Function(closure) => self.call_closure(closure, given),
            Value::Native(native) => (native.call)(self, given),
            Value::Class(class) => self.construct(class, given),
            Value::Method(method) => {
                let (object, name) = &**method;
                if let Value::Unbound = object {
                    let mut positional = given.positional;
                    if positional.is_empty() {
                        return raise("TypeError", format!("unbound method {name}() needs an argument"));
                    }
                    let object = positional.remove(0);
                    return self.call_method(&object, name, Given { positional, named: given.named });
                }
                self.call_method(object, name, given)
            }
            other => raise("TypeError", format!("'{}' object is not callable", other.type_name())),
        }
    }

    fn call_closure(&mut self, closure: &Closure, given: Given) -> Outcome<Value> {
        if self.calls >= CALLS_MAX {
            return raise("RecursionError", "maximum recursion depth exceeded");
        }
        let program = self.program;
        let code = &program.codes[closure.code];
        let slots = self.bind(closure, given)?;
        let frame =
            Rc::new(Frame { slots: slots.into(), outer: closure.outer.clone(), yields: Vec::new().into() });
        self.calls += 1;
        self.running.push(closure.code);
        let flow = stacker::maybe_grow(STACK_RED_ZONE, STACK_STEP, || self.block(&code.body, &frame));
        self.running.pop();
        self.calls -= 1;
        if code.is_generator {
            let items = frame.yields.take();
            return match flow {
                Ok(_) => Ok(Value::iterator(items)),
                Err(Fault::Raised(exception)) => Ok(Value::iterator_then(items, Some(exception))),
                Err(stopped) => Err(stopped),
            };
        }
        match flow? {
            Flow::Return(value) => Ok(value),
            Flow::Next | Flow::Break | Flow::Continue => Ok(Value::None),
        }
    }

    /// Puts arguments into the slots of an activation.
    fn bind(&mut self, closure: &Closure, given: Given) -> Outcome<Vec<Value>> {
        let program = self.program;
        let code = &program.codes[closure.code];
        let mut slots = vec![Value::Unbound; code.slots];
        let mut positional = given.positional.into_iter();
        let mut named = given.named;
        let mut defaults = closure.defaults.iter();
        for (slot, parameter) in code.parameters.iter().enumerate() {
            let default = if parameter.has_default { defaults.next() } else { None };
            slots[slot] = match parameter.kind {
                ParameterKind::Rest => Value::tuple(positional.by_ref().collect()),
                ParameterKind::Keywords => {
                    Value::dict(named.drain(..).map(|(name, value)| (Key::Text(Rc::from(&*name)), value)))
                }
                kind => match argument(parameter, kind, &mut positional, &mut named) {
                    Some(value) => value,
                    None => match default {
                        Some(value) => value.clone(),
                        None => {
                            return raise(
                                "TypeError",
                                format!("{}() missing 1 required argument: '{}'", code.name, parameter.name),
                            );
                        }
                    },
                },
            };
        }
        if positional.next().is_some() {
            return raise(
                "TypeError",
                format!("{}() takes {} arguments but more were given", code.name, code.parameters.len()),
            );
        }
        if let Some((name, _)) = named.first() {
            return raise(
                "TypeError",
                format!("{}() got an unexpected keyword argument '{name}'", code.name),
            );
        }
        Ok(slots)
    }

    /// Notes an activation that a function refers to.
    pub(super) fn keep(&mut self, frame: &Rc<Frame>) {
        if !self.kept.last().is_some_and(|last| Rc::ptr_eq(last, frame)) {
            self.kept.push(Rc::clone(frame));
        }
    }

    /// Makes an instance of a class.
    fn construct(&mut self, class: &super::classes::Class, given: Given) -> Outcome<Value> {
        if class.is_exception() {
            // `HTTPError(message, response=response)`: what is named is not part of the message.
            return Ok(Value::Exception(exception(class.clone(), given.positional)));
        }
        let path = match class.name() {
            name @ ("date" | "datetime" | "timedelta") => format!("datetime.{name}"),
            name => format!("builtins.new.{name}"),
        };
        match super::library::find(&path) {
            Some(native) => (native.call)(self, given),
            None => raise("TypeError", format!("cannot create '{}' instances", class.name())),
        }
    }

    /// Returns the name of the function that is running.
    pub(super) fn function_name(&self) -> &'p str {
        let code = self.running.last().copied();
        code.map_or("<script>", |code| self.program.codes[code].name.as_str())
    }

    /// Adds to a fault where it happened.
    pub(super) fn placed<T>(&self, outcome: Outcome<T>, place: Place) -> Outcome<T> {
        outcome.map_err(|fault| fault.at(place, self.function_name()))
    }

    /// Evaluates what is no expression of the script but belongs to one, such as a class.
    pub(super) fn constant(kind: &Kind) -> Option<Value> {
        Some(match kind {
            Kind::None | Kind::Silent => Value::None,
            Kind::Bool(boolean) => Value::Bool(*boolean),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Native(native) if native.path == "datetime.timezone.utc" => {
                Value::Zone(super::library::time::Zone::UTC)
            }
            Kind::Native(native) => Value::Native(native),
            Kind::Class(class) => Value::Class(class.clone()),
            Kind::TypeMethod(name) => Value::Method(Rc::new((Value::Unbound, name.clone()))),
            _ => return None,
        })
    }
}

/// Takes the argument of a parameter from those given.
fn argument(
    parameter: &Parameter,
    kind: ParameterKind,
    positional: &mut std::vec::IntoIter<Value>,
    named: &mut Vec<(Box<str>, Value)>,
) -> Option<Value> {
    if kind != ParameterKind::KeywordOnly
        && let Some(value) = positional.next()
    {
        return Some(value);
    }
    if kind == ParameterKind::PositionOnly {
        return None;
    }
    let index = named.iter().position(|(name, _)| **name == *parameter.name)?;
    Some(named.remove(index).1)
}

fn plain_constant(constant: &Constant) -> Value {
    match constant {
        Constant::None => Value::None,
        Constant::Bool(boolean) => Value::Bool(*boolean),
        Constant::Int(number) => Value::Int(i128::from(*number)),
        Constant::Float(number) => Value::Float(*number),
        Constant::Text(text) => Value::text(&**text),
        Constant::List(items) => Value::list(items.iter().map(plain_constant).collect()),
        Constant::Dict(entries) => Value::dict(
            entries.iter().map(|(key, value)| (Key::Text(Rc::from(&**key)), plain_constant(value))),
        ),
        Constant::Moment(moment) => Value::Moment(*moment),
        Constant::Delta(delta) => Value::Delta(*delta),
    }
}

/// Makes a copy that cannot be changed.
fn frozen(value: &Value) -> Outcome<Value> {
    frozen_within(value, NESTING_MAX)
}

fn frozen_within(value: &Value, levels: usize) -> Outcome<Value> {
    let Some(levels) = levels.checked_sub(1) else {
        return raise("RecursionError", "a value outside of the function is nested without end");
    };
    Ok(match value {
        Value::List(list) if !list.frozen => {
            let items: Outcome<Vec<Value>> =
                list.items.borrow().iter().map(|item| frozen_within(item, levels)).collect();
            Value::List(Rc::new(List { items: items?.into(), frozen: true }))
        }
        Value::Dict(dict) if !dict.frozen => {
            let mut entries = dict.entries.borrow().clone();
            for value in entries.values_mut() {
                *value = frozen_within(value, levels)?;
            }
            Value::Dict(Rc::new(Dict { entries: entries.into(), frozen: true, factory: None }))
        }
        Value::Set(set) if !set.frozen => Value::Set(Rc::new(Set {
            items: set.items.borrow().clone().into(),
            frozen: true,
            is_frozenset: set.is_frozenset,
        })),
        Value::Tuple(items) => {
            let items: Outcome<Vec<Value>> = items.iter().map(|item| frozen_within(item, levels)).collect();
            Value::tuple(items?)
        }
        Value::Iterator(_) => {
            return super::fault::unsupported("a generator that was made outside of it");
        }
        other => other.clone(),
    })
}

/// Stops because a row takes too much memory.
pub(super) fn out_of_memory<T>() -> Outcome<T> {
    stop(
        "script/memory",
        format!("the function made more than {} MiB for one row", BYTES_MAX >> 20),
        "Check it for lists or texts that grow without end.",
    )
}

/// Refuses to change what outlives the row.
pub(super) fn refuse_change<T>(what: &str) -> Outcome<T> {
    stop(
        "script/outlives-row",
        format!("the function changes a {what} that was made outside of it"),
        "Rows are independent of each other, so that a run can be resumed: change a copy, made inside the function.",
    )
}
