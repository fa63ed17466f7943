//! Runs statements.

use std::rc::Rc;

use super::classes::Class;
use super::code::{Handler, Statement, StatementKind, Target, Try};
use super::fault::{Fault, Outcome, exception, raise};
use super::machine::Machine;
use super::operators;
use super::value::{Closure, Frame, Value};

/// How a block ended.
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return(Value),
}

impl Machine<'_> {
    pub(super) fn block(&mut self, body: &[Statement], frame: &Rc<Frame>) -> Outcome<Flow> {
        for statement in body {
            let flow = self.statement(statement, frame);
            match self.placed(flow, statement.place)? {
                Flow::Next => {}
                ended => return Ok(ended),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Statement, frame: &Rc<Frame>) -> Outcome<Flow> {
        self.step()?;
        match &statement.kind {
            StatementKind::Expression(expression) => {
                self.evaluate(expression, frame)?;
            }
            StatementKind::Assign(targets, value) => {
                let value = self.evaluate(value, frame)?;
                for target in targets {
                    self.assign(target, value.clone(), frame)?;
                }
            }
            StatementKind::Augment(target, operator, value) => {
                self.augment(target, *operator, value, frame)?;
            }
            StatementKind::Return(value) => {
                let value = match value {
                    Some(value) => self.evaluate(value, frame)?,
                    None => Value::None,
                };
                return Ok(Flow::Return(value));
            }
            StatementKind::If(arms, orelse) => {
                for (test, body) in arms {
                    if self.evaluate(test, frame)?.truth() {
                        return self.block(body, frame);
                    }
                }
                return self.block(orelse, frame);
            }
            StatementKind::For(target, iterable, body, orelse) => {
                return self.for_each((target, iterable), body, orelse, frame);
            }
            StatementKind::While(test, body, orelse) => {
                while self.evaluate(test, frame)?.truth() {
                    self.step()?;
                    match self.block(body, frame)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::Next),
                        returned @ Flow::Return(_) => return Ok(returned),
                    }
                }
                return self.block(orelse, frame);
            }
            StatementKind::Break => return Ok(Flow::Break),
            StatementKind::Continue => return Ok(Flow::Continue),
            StatementKind::Pass => {}
            StatementKind::Raise(value) => {
                let value = value.as_ref().map(|value| self.evaluate(value, frame)).transpose()?;
                return self.raise(value);
            }
            StatementKind::Assert(test, message) => {
                if !self.evaluate(test, frame)?.truth() {
                    let arguments = match message {
                        Some(message) => vec![self.evaluate(message, frame)?],
                        None => Vec::new(),
                    };
                    return super::fault::raise_with(Class::Builtin("AssertionError"), arguments);
                }
            }
            StatementKind::Try(attempt) => return self.attempt(attempt, frame),
            StatementKind::Define(slot, code, defaults) => {
                let function = self.closure(*code, defaults, frame)?;
                frame.slots.borrow_mut()[*slot] = function;
            }
            StatementKind::Delete(targets) => {
                for target in targets {
                    self.delete(target, frame)?;
                }
            }
        }
        Ok(Flow::Next)
    }

    /// Makes a function that sees this activation.
    pub(super) fn closure(
        &mut self,
        code: usize,
        defaults: &[super::code::Expression],
        frame: &Rc<Frame>,
    ) -> Outcome<Value> {
        let defaults: Outcome<Vec<Value>> =
            defaults.iter().map(|default| self.evaluate(default, frame)).collect();
        self.keep(frame);
        Ok(Value::Function(Rc::new(Closure { code, outer: Some(Rc::clone(frame)), defaults: defaults? })))
    }

    fn for_each(
        &mut self,
        (target, iterable): (&Target, &super::code::Expression),
        body: &[Statement],
        orelse: &[Statement],
        frame: &Rc<Frame>,
    ) -> Outcome<Flow> {
        let iterable_value = self.evaluate(iterable, frame)?;
        let walk = self.walk(&iterable_value);
        let mut walk = self.placed(walk, iterable.place)?;
        while let Some(item) = self.next(&mut walk)? {
            self.step()?;
            self.assign(target, item, frame)?;
            match self.block(body, frame)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                returned @ Flow::Return(_) => return Ok(returned),
            }
        }
        self.block(orelse, frame)
    }

    fn raise(&mut self, value: Option<Value>) -> Outcome<Flow> {
        match value {
            Some(Value::Exception(raised)) => Err(Fault::Raised(raised)),
            Some(Value::Class(class)) if class.is_exception() => {
                Err(Fault::Raised(exception(class, Vec::new())))
            }
            Some(_) => raise("TypeError", "exceptions must derive from BaseException"),
            None => match self.handling.last() {
                Some(handled) => Err(Fault::Raised(Rc::clone(handled))),
                None => raise("RuntimeError", "No active exception to reraise"),
            },
        }
    }

    fn attempt(&mut self, attempt: &Try, frame: &Rc<Frame>) -> Outcome<Flow> {
        let mut outcome = self.block(&attempt.body, frame);
        if let Ok(Flow::Next) = outcome {
            outcome = self.block(&attempt.orelse, frame);
        } else if let Err(Fault::Raised(raised)) = &outcome {
            let raised = Rc::clone(raised);
            if let Some(handler) = self.handler(&attempt.handlers, &raised, frame)? {
                if let Some(slot) = handler.slot {
                    frame.slots.borrow_mut()[slot] = Value::Exception(Rc::clone(&raised));
                }
                self.handling.push(raised);
                outcome = self.block(&handler.body, frame);
                self.handling.pop();
                if let Some(slot) = handler.slot {
                    frame.slots.borrow_mut()[slot] = Value::Unbound;
                }
            }
        }
        if matches!(outcome, Err(Fault::Stopped(_))) {
            return outcome;
        }
        match self.block(&attempt.finally, frame)? {
            Flow::Next => outcome,
            ended => Ok(ended),
        }
    }

    fn handler<'h>(
        &mut self,
        handlers: &'h [Handler],
        raised: &Rc<super::value::Exception>,
        frame: &Rc<Frame>,
    ) -> Outcome<Option<&'h Handler>> {
        for handler in handlers {
            let Some(classes) = &handler.classes else { return Ok(Some(handler)) };
            let classes = self.evaluate(classes, frame)?;
            if operators::is_instance(&Value::Exception(Rc::clone(raised)), &classes)? {
                return Ok(Some(handler));
            }
        }
        Ok(None)
    }

    /// Puts a value where a target says.
    pub(super) fn assign(&mut self, target: &Target, value: Value, frame: &Rc<Frame>) -> Outcome<()> {
        match target {
            Target::Local(slot) => frame.slots.borrow_mut()[*slot] = value,
            Target::Outer(up, slot) => {
                let frame = outer(frame, *up);
                frame.slots.borrow_mut()[*slot] = value;
            }
            Target::Item(object, index) => {
                let object = self.evaluate(object, frame)?;
                let index = self.evaluate(index, frame)?;
                self.set_item(&object, &index, value)?;
            }
            Target::Attribute(object, name) => {
                let object = self.evaluate(object, frame)?;
                self.set_attribute(&object, name, value)?;
            }
            Target::Unpack(targets, starred) => {
                let mut items = self.collect(&value)?;
                let Some(starred) = starred else {
                    if items.len() != targets.len() {
                        let problem = if items.len() < targets.len() {
                            format!(
                                "not enough values to unpack (expected {}, got {})",
                                targets.len(),
                                items.len()
                            )
                        } else {
                            format!("too many values to unpack (expected {})", targets.len())
                        };
                        return raise("ValueError", problem);
                    }
                    for (target, item) in targets.iter().zip(items) {
                        self.assign(target, item, frame)?;
                    }
                    return Ok(());
                };
                let needed = targets.len() - 1;
                if items.len() < needed {
                    return raise(
                        "ValueError",
                        format!(
                            "not enough values to unpack (expected at least {needed}, got {})",
                            items.len()
                        ),
                    );
                }
                let after = items.split_off(items.len() - (needed - starred));
                let middle = items.split_off(*starred);
                let rest = items.into_iter().chain([Value::list(middle)]).chain(after);
                for (target, item) in targets.iter().zip(rest) {
                    self.assign(target, item, frame)?;
                }
            }
        }
        Ok(())
    }

    fn augment(
        &mut self,
        target: &Target,
        operator: ruff_python_ast::Operator,
        value: &super::code::Expression,
        frame: &Rc<Frame>,
    ) -> Outcome<()> {
        match target {
            Target::Local(_) | Target::Outer(..) => {
                let (holder, slot) = match target {
                    Target::Outer(up, slot) => (outer(frame, *up), *slot),
                    Target::Local(slot) => (Rc::clone(frame), *slot),
                    _ => return Ok(()),
                };
                let left = holder.slots.borrow()[slot].clone();
                if let Value::Unbound = left {
                    return raise("UnboundLocalError", "local variable referenced before assignment");
                }
                let right = self.evaluate(value, frame)?;
                let result = self.in_place(&left, operator, &right)?;
                holder.slots.borrow_mut()[slot] = result;
            }
            Target::Item(object, index) => {
                let object = self.evaluate(object, frame)?;
                let index = self.evaluate(index, frame)?;
                let left = self.item(&object, &index)?;
                let right = self.evaluate(value, frame)?;
                let result = self.in_place(&left, operator, &right)?;
                self.set_item(&object, &index, result)?;
            }
            Target::Attribute(object, name) => {
                let object = self.evaluate(object, frame)?;
                let left = self.attribute(&object, name)?;
                let right = self.evaluate(value, frame)?;
                let result = self.in_place(&left, operator, &right)?;
                self.set_attribute(&object, name, result)?;
            }
            Target::Unpack(..) => return raise("TypeError", "a tuple cannot be changed in place"),
        }
        Ok(())
    }

    fn delete(&mut self, target: &Target, frame: &Rc<Frame>) -> Outcome<()> {
        match target {
            Target::Local(slot) => frame.slots.borrow_mut()[*slot] = Value::Unbound,
            Target::Outer(up, slot) => outer(frame, *up).slots.borrow_mut()[*slot] = Value::Unbound,
            Target::Item(object, index) => {
                let object = self.evaluate(object, frame)?;
                let index = self.evaluate(index, frame)?;
                self.delete_item(&object, &index)?;
            }
            Target::Attribute(..) => return raise("AttributeError", "attributes cannot be deleted"),
            Target::Unpack(targets, _) => {
                for target in targets {
                    self.delete(target, frame)?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the activation that is so many functions further out.
pub(super) fn outer(frame: &Rc<Frame>, up: usize) -> Rc<Frame> {
    let mut found = Rc::clone(frame);
    for _ in 0..up {
        if let Some(next) = found.outer.clone() {
            found = next;
        }
    }
    found
}
