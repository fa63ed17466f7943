//! Evaluates expressions.

use std::rc::Rc;

use super::code::{Arguments, Comprehension, ComprehensionKind, Expression, Generator, Item, Kind, Piece};
use super::fault::{Fault, Outcome, raise};
use super::library::Given;
use super::machine::Machine;
use super::statements::outer;
use super::value::{Frame, Key, Value};
use super::{format, operators};

/// The entries that a comprehension has made so far.
struct Made {
    keys: Vec<Value>,
    values: Vec<Value>,
}

impl Machine<'_> {
    /// Evaluates an expression in an activation.
    pub(super) fn evaluate(&mut self, expression: &Expression, frame: &Rc<Frame>) -> Outcome<Value> {
        self.step()?;
        // The two that are evaluated most come first and need no place: they cannot fail in an interesting way.
        let outcome = match &expression.kind {
            Kind::Local(slot) => self.variable(frame, *slot),
            Kind::Text(index) => Ok(Value::Text(self.literal(*index))),
            kind => self.kind(kind, frame),
        };
        match outcome {
            Ok(value) => Ok(value),
            fault => self.placed(fault, expression.place),
        }
    }

    fn variable(&self, frame: &Rc<Frame>, slot: usize) -> Outcome<Value> {
        match &frame.slots.borrow()[slot] {
            Value::Unbound => raise(
                "UnboundLocalError",
                format!("cannot access local variable '{}' before it has a value", self.slot_name(slot)),
            ),
            value => Ok(value.clone()),
        }
    }

    fn slot_name(&self, slot: usize) -> &str {
        let code = self.running.last().map(|code| &self.program.codes[*code]);
        code.and_then(|code| code.slot_names.get(slot)).map_or("?", String::as_str)
    }

    fn kind(&mut self, kind: &Kind, frame: &Rc<Frame>) -> Outcome<Value> {
        match kind {
            Kind::Outer(up, slot) => match &outer(frame, *up).slots.borrow().get(*slot) {
                Some(Value::Unbound) | None => raise("NameError", "a variable has no value yet"),
                Some(value) => Ok((*value).clone()),
            },
            Kind::Global(index) => self.global(*index),
            Kind::Bytes(bytes) => Ok(Value::Bytes(bytes.to_vec().into())),
            Kind::List(items) => {
                let items = self.items(items, frame)?;
                self.list(items)
            }
            Kind::Tuple(items) => {
                let items = self.items(items, frame)?;
                self.take_items(items.len())?;
                Ok(Value::tuple(items))
            }
            Kind::Set(items) => {
                let items = self.items(items, frame)?;
                self.set_of(items)
            }
            Kind::Dict(entries) => self.dict(entries, frame),
            Kind::Joined(pieces) => {
                let mut text = String::new();
                self.join(pieces, frame, &mut text)?;
                self.text(text)
            }
            Kind::Attribute(object, name) => {
                let object = self.evaluate(object, frame)?;
                self.attribute(&object, name)
            }
            Kind::Subscript(object, index) => {
                let object = self.evaluate(object, frame)?;
                if let Kind::Slice(parts) = &index.kind {
                    return self.slice(&object, parts, frame);
                }
                let index = self.evaluate(index, frame)?;
                self.item(&object, &index)
            }
            Kind::Slice(_) => raise("TypeError", "a slice stands only in a subscript"),
            Kind::Call(function, arguments) => {
                let function = self.evaluate(function, frame)?;
                let given = self.given(arguments, frame)?;
                self.call(&function, given)
            }
            Kind::Method(object, name, arguments) => {
                let object = self.evaluate(object, frame)?;
                let given = self.given(arguments, frame)?;
                self.call_method(&object, name, given)
            }
            Kind::Unary(operator, operand) => {
                let operand = self.evaluate(operand, frame)?;
                operators::unary(*operator, &operand)
            }
            Kind::Binary(left, operator, right) => {
                let left = self.evaluate(left, frame)?;
                let right = self.evaluate(right, frame)?;
                self.binary(&left, *operator, &right)
            }
            Kind::And(values) => self.first(values, false, frame),
            Kind::Or(values) => self.first(values, true, frame),
            Kind::Compare(left, rest) => {
                let mut left = self.evaluate(left, frame)?;
                for (operator, right) in rest {
                    let right = self.evaluate(right, frame)?;
                    if !self.compare(&left, *operator, &right)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            Kind::If(parts) => {
                let [test, body, orelse] = &**parts;
                let taken = self.evaluate(test, frame)?.truth();
                self.evaluate(if taken { body } else { orelse }, frame)
            }
            Kind::Lambda(code, defaults) => self.closure(*code, defaults, frame),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension, frame),
            Kind::Walrus(slot, value) => {
                let value = self.evaluate(value, frame)?;
                frame.slots.borrow_mut()[*slot] = value.clone();
                Ok(value)
            }
            Kind::Yield(value) => {
                let value = match value {
                    Some(value) => self.evaluate(value, frame)?,
                    None => Value::None,
                };
                self.take_items(1)?;
                frame.yields.borrow_mut().push(value);
                Ok(Value::None)
            }
            Kind::YieldFrom(iterable) => {
                let iterable = self.evaluate(iterable, frame)?;
                let mut walk = self.walk(&iterable)?;
                while let Some(item) = self.next(&mut walk)? {
                    self.step()?;
                    self.take_items(1)?;
                    frame.yields.borrow_mut().push(item);
                }
                Ok(Value::None)
            }
            plain => match Self::constant(plain) {
                Some(value) => Ok(value),
                None => raise("SystemError", "an expression without a value"),
            },
        }
    }

    /// Evaluates `and` and `or`: the first value that decides.
    fn first(&mut self, values: &[Expression], stops_at: bool, frame: &Rc<Frame>) -> Outcome<Value> {
        let mut last = Value::None;
        for value in values {
            last = self.evaluate(value, frame)?;
            if last.truth() == stops_at {
                break;
            }
        }
        Ok(last)
    }

    fn items(&mut self, items: &[Item], frame: &Rc<Frame>) -> Outcome<Vec<Value>> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.evaluate(&item.value, frame)?;
            if item.starred { values.extend(self.collect(&value)?) } else { values.push(value) }
        }
        Ok(values)
    }

    /// Makes a set of values.
    pub(super) fn set_of(&mut self, items: Vec<Value>) -> Outcome<Value> {
        self.take_items(2 * items.len())?;
        let keys: Outcome<Vec<Key>> = items.iter().map(operators::key).collect();
        Ok(Value::set(keys?))
    }

    fn dict(&mut self, entries: &[(Option<Expression>, Expression)], frame: &Rc<Frame>) -> Outcome<Value> {
        let mut made = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            match key {
                Some(key) => {
                    let key = self.evaluate(key, frame)?;
                    made.push((operators::key(&key)?, self.evaluate(value, frame)?));
                }
                None => match self.evaluate(value, frame)? {
                    Value::Dict(dict) => made.extend(
                        dict.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())),
                    ),
                    other => {
                        return raise(
                            "TypeError",
                            format!("'{}' object is not a mapping", other.type_name()),
                        );
                    }
                },
            }
        }
        self.take_items(2 * made.len())?;
        Ok(Value::dict(made))
    }

    fn given(&mut self, arguments: &Arguments, frame: &Rc<Frame>) -> Outcome<Given> {
        let positional = self.items(&arguments.positional, frame)?;
        let mut named = Vec::with_capacity(arguments.named.len());
        for (name, value) in &arguments.named {
            let value = self.evaluate(value, frame)?;
            match (name, value) {
                (Some(name), value) => named.push((name.clone(), value)),
                (None, Value::Dict(dict)) => {
                    for (key, value) in dict.entries.borrow().iter() {
                        let Key::Text(name) = key else {
                            return raise("TypeError", "keywords must be strings");
                        };
                        named.push(((**name).into(), value.clone()));
                    }
                }
                (None, other) => {
                    return raise(
                        "TypeError",
                        format!("argument after ** must be a mapping, not {}", other.type_name()),
                    );
                }
            }
        }
        Ok(Given { positional, named })
    }

    /// Writes the parts of an f-string.
    fn join(&mut self, pieces: &[Piece], frame: &Rc<Frame>, text: &mut String) -> Outcome<()> {
        for piece in pieces {
            match piece {
                Piece::Text(index) => text.push_str(&self.literal(*index)),
                Piece::Field { value, conversion, spec } => {
                    let mut value = self.evaluate(value, frame)?;
                    if let Some(conversion) = conversion {
                        value = Value::text(match conversion {
                            's' => format::display(&value)?,
                            'a' => format::ascii(&format::repr(&value)?),
                            _ => format::repr(&value)?,
                        });
                    }
                    let mut written = String::new();
                    self.join(spec, frame, &mut written)?;
                    text.push_str(&self.formatted(&value, &written)?);
                }
            }
            self.take(0)?;
        }
        Ok(())
    }

    fn comprehension(&mut self, comprehension: &Comprehension, frame: &Rc<Frame>) -> Outcome<Value> {
        let mut made = Made { keys: Vec::new(), values: Vec::new() };
        let outcome = self.generate(&comprehension.generators, comprehension, &mut made, frame);
        if comprehension.kind == ComprehensionKind::Generator {
            // As in Python what was made before the failure comes first.
            return match outcome {
                Ok(()) => Ok(Value::iterator(made.keys)),
                Err(Fault::Raised(exception)) => Ok(Value::iterator_then(made.keys, Some(exception))),
                Err(stopped) => Err(stopped),
            };
        }
        outcome?;
        match comprehension.kind {
            ComprehensionKind::List | ComprehensionKind::Generator => self.list(made.keys),
            ComprehensionKind::Set => self.set_of(made.keys),
            ComprehensionKind::Dict => {
                let keys: Outcome<Vec<Key>> = made.keys.iter().map(operators::key).collect();
                self.take_items(2 * made.values.len())?;
                Ok(Value::dict(keys?.into_iter().zip(made.values)))
            }
        }
    }

    fn generate(
        &mut self,
        generators: &[Generator],
        comprehension: &Comprehension,
        made: &mut Made,
        frame: &Rc<Frame>,
    ) -> Outcome<()> {
        let Some((first, rest)) = generators.split_first() else {
            self.take_items(1)?;
            let key = self.evaluate(&comprehension.element, frame)?;
            made.keys.push(key);
            if let Some(value) = &comprehension.value {
                let value = self.evaluate(value, frame)?;
                made.values.push(value);
            }
            return Ok(());
        };
        let iterable = self.evaluate(&first.iterable, frame)?;
        let walk = self.walk(&iterable);
        let mut walk = self.placed(walk, first.iterable.place)?;
        'items: while let Some(item) = self.next(&mut walk)? {
            self.step()?;
            self.assign(&first.target, item, frame)?;
            for condition in &first.conditions {
                if !self.evaluate(condition, frame)?.truth() {
                    continue 'items;
                }
            }
            self.generate(rest, comprehension, made, frame)?;
        }
        Ok(())
    }

    fn slice(
        &mut self,
        object: &Value,
        parts: &[Option<Expression>; 3],
        frame: &Rc<Frame>,
    ) -> Outcome<Value> {
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            if let Some(part) = part {
                *bound = match self.evaluate(part, frame)? {
                    Value::None => None,
                    value => match value.as_int() {
                        Some(number) => Some(number),
                        None => return raise("TypeError", "slice indices must be integers or None"),
                    },
                };
            }
        }
        self.sliced(object, bounds)
    }
}
