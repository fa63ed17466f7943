//! Loops and comprehensions over what is known.

use ruff_python_ast::{Comprehension, Expr, ExprDictComp, StmtFor, StmtWhile};
use ruff_text_size::Ranged;
use spile_core::Value;

use super::interpret::{Flow, Interpreter};
use super::object::{Object, replace};
use super::span;

impl<'p> Interpreter<'p, '_> {
    pub(super) fn for_each(&mut self, each: &'p StmtFor) -> Flow<'p> {
        let Some(iterable) = self.evaluate(&each.iter) else {
            return Flow::Next;
        };
        // Walking over the outcome of a load, to print it.
        if self.has_run && matches!(iterable, Object::Opaque) {
            return Flow::Next;
        }
        let Some(items) = self.iterate(&iterable, &*each.iter) else { return Flow::Next };
        for item in items {
            self.work += 1;
            self.bind_target(&each.target, Some(item));
            match self.block(&each.body) {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Flow::Next,
                returned @ Flow::Return(_) => return returned,
            }
        }
        self.block(&each.orelse)
    }

    pub(super) fn repeat(&mut self, repeat: &'p StmtWhile) -> Flow<'p> {
        while let Some(goes_on) = self.truth(&repeat.test) {
            if !goes_on {
                return self.block(&repeat.orelse);
            }
            self.work += 1;
            // The body may be empty, and the test may cost nothing.
            if self.work > super::evaluate::WORK_MAX {
                self.refuse("a loop that goes on for so long", repeat);
                return Flow::Return(None);
            }
            match self.block(&repeat.body) {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                returned @ Flow::Return(_) => return returned,
            }
        }
        Flow::Next
    }

    /// Returns what a loop walks over.
    pub(super) fn iterate(&mut self, object: &Object<'p>, at: &impl Ranged) -> Option<Vec<Object<'p>>> {
        match object {
            Object::List(items, _) => Some(items.borrow().clone()),
            Object::Map(entries, _) => Some(
                entries
                    .borrow()
                    .iter()
                    .map(|(key, _)| Object::text(key.name.clone(), key.span.clone()))
                    .collect(),
            ),
            // `for resource in rest_api_resources(config): yield resource`.
            Object::Source | Object::Part => Some(vec![Object::Part]),
            Object::Unknown => None,
            Object::Node(node) if matches!(node.value, Value::String(_)) => {
                let place = span(self.reading, at.range());
                let text = node.as_str().unwrap_or_default();
                Some(text.chars().map(|character| Object::text(character, place.clone())).collect())
            }
            other => self.refuse_expression(&format!("a loop over {}", other.kind()), at),
        }
    }

    pub(super) fn comprehend(
        &mut self,
        generators: &'p [Comprehension],
        element: &'p Expr,
        expression: &Expr,
    ) -> Option<Object<'p>> {
        let mut items = Vec::new();
        self.generate(generators, expression, &mut |this| {
            items.push(this.evaluate(element).unwrap_or(Object::Unknown));
            Some(())
        })?;
        Some(Object::list(items, span(self.reading, expression.range())))
    }

    pub(super) fn comprehend_dict(
        &mut self,
        dict: &'p ExprDictComp,
        expression: &Expr,
    ) -> Option<Object<'p>> {
        let Some(key) = &dict.key else {
            return self.refuse_expression("an unpacking in a comprehension", expression);
        };
        let mut entries = Vec::new();
        self.generate(&dict.generators, expression, &mut |this| {
            let key = this.key(key)?;
            let value = this.evaluate(&dict.value).unwrap_or(Object::Unknown);
            replace(&mut entries, (key, value));
            Some(())
        })?;
        Some(Object::map(entries, span(self.reading, expression.range())))
    }

    /// Walks the generators of a comprehension. Its names do not outlive it.
    fn generate(
        &mut self,
        generators: &'p [Comprehension],
        expression: &Expr,
        emit: &mut dyn FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let Some((first, rest)) = generators.split_first() else { return emit(self) };
        if first.is_async {
            return self.refuse_expression("an async comprehension", expression);
        }
        let iterable = self.evaluate(&first.iter)?;
        let items = self.iterate(&iterable, &first.iter)?;
        let mut names = Vec::new();
        target_names(&first.target, &mut names);
        let before: Vec<_> = names.iter().map(|name| self.local(name)).collect();
        let mut walked = Some(());
        'items: for item in items {
            self.work += 1;
            self.bind_target(&first.target, Some(item));
            for condition in &first.ifs {
                match self.truth(condition) {
                    Some(true) => {}
                    Some(false) => continue 'items,
                    None => walked = None,
                }
            }
            if walked.is_some() {
                walked = self.generate(rest, expression, emit);
            }
            if walked.is_none() {
                break;
            }
        }
        for (name, value) in names.iter().zip(before) {
            self.restore(name, value);
        }
        walked
    }
}

fn target_names<'p>(target: &'p Expr, names: &mut Vec<&'p str>) {
    match target {
        Expr::Name(name) => names.push(name.id.as_str()),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| target_names(element, names)),
        Expr::List(list) => list.elts.iter().for_each(|element| target_names(element, names)),
        _ => {} // Refused when it is bound.
    }
}
