//! Expressions of functions, compiled.

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension as Written, ConversionFlag, Expr, ExprCall, ExprFString, FStringPart,
    InterpolatedStringElement, Number,
};

use super::classes::Class;
use super::code::{
    Arguments, Comprehension, ComprehensionKind, Expression, Generator, Item, Kind, Piece, Target,
};
use super::compile::{Compiler, FunctionSource};
use super::library;

/// Deepest nesting of expressions.
const DEPTH_MAX: usize = 120;

/// Methods of loggers; what they write is no data.
const LOGGING: [&str; 8] = ["debug", "info", "warning", "warn", "error", "exception", "critical", "log"];

impl<'p> Compiler<'p, '_> {
    pub(super) fn expression(&mut self, expression: &'p Expr) -> Expression {
        if self.depth >= DEPTH_MAX {
            self.refuse("an expression nested this deeply", expression);
            return self.made(Kind::None, expression);
        }
        self.depth += 1;
        let kind = self.kind(expression);
        self.depth -= 1;
        self.made(kind, expression)
    }

    fn boxed(&mut self, expression: &'p Expr) -> Box<Expression> {
        Box::new(self.expression(expression))
    }

    fn kind(&mut self, expression: &'p Expr) -> Kind {
        match expression {
            Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => Kind::None,
            Expr::BooleanLiteral(literal) => Kind::Bool(literal.value),
            Expr::StringLiteral(literal) => Kind::Text(self.text(literal.value.to_str())),
            Expr::BytesLiteral(literal) => {
                let bytes: Vec<u8> = literal.value.bytes().collect();
                Kind::Bytes(bytes.into())
            }
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => match number.to_string().parse() {
                    Ok(number) => Kind::Int(number),
                    Err(_) => self.refused("a number beyond 128 bits", expression),
                },
                Number::Float(number) => Kind::Float(*number),
                Number::Complex { .. } => self.refused("a complex number", expression),
            },
            Expr::FString(string) => Kind::Joined(self.f_string(string)),
            Expr::List(list) => Kind::List(self.items(&list.elts)),
            Expr::Tuple(tuple) => Kind::Tuple(self.items(&tuple.elts)),
            Expr::Set(set) => Kind::Set(self.items(&set.elts)),
            Expr::Dict(dict) => Kind::Dict(
                dict.items
                    .iter()
                    .map(|item| {
                        let key = item.key.as_ref().map(|key| self.expression(key));
                        (key, self.expression(&item.value))
                    })
                    .collect(),
            ),
            Expr::Name(name) => self.name(name.id.as_str(), expression),
            Expr::Attribute(attribute) => match self.path_of(&attribute.value) {
                Some(path) => self.library(&format!("{path}.{}", attribute.attr), expression),
                None => Kind::Attribute(self.boxed(&attribute.value), attribute.attr.as_str().into()),
            },
            Expr::Subscript(subscript) => {
                // `dict[str, int]` in an annotation that is evaluated never comes here.
                Kind::Subscript(self.boxed(&subscript.value), self.boxed(&subscript.slice))
            }
            Expr::Slice(slice) => {
                let part = |this: &mut Self, part: &'p Option<Box<Expr>>| {
                    part.as_ref().map(|part| this.expression(part))
                };
                Kind::Slice(Box::new([
                    part(self, &slice.lower),
                    part(self, &slice.upper),
                    part(self, &slice.step),
                ]))
            }
            Expr::Call(call) => self.call(call, expression),
            Expr::UnaryOp(operation) => Kind::Unary(operation.op, self.boxed(&operation.operand)),
            Expr::BinOp(operation) => {
                Kind::Binary(self.boxed(&operation.left), operation.op, self.boxed(&operation.right))
            }
            Expr::BoolOp(operation) => {
                let values = operation.values.iter().map(|value| self.expression(value)).collect();
                if operation.op == BoolOp::And { Kind::And(values) } else { Kind::Or(values) }
            }
            Expr::Compare(compare) => {
                let left = self.boxed(&compare.left);
                let pairs = compare.ops.iter().copied().zip(compare.comparators.iter());
                let rest: Vec<(CmpOp, Expression)> =
                    pairs.map(|(operator, right)| (operator, self.expression(right))).collect();
                Kind::Compare(left, rest)
            }
            Expr::If(conditional) => Kind::If(Box::new([
                self.expression(&conditional.test),
                self.expression(&conditional.body),
                self.expression(&conditional.orelse),
            ])),
            Expr::Lambda(lambda) => {
                let defaults = self.defaults(lambda.parameters.as_deref());
                Kind::Lambda(self.function(FunctionSource::Lambda(lambda)), defaults)
            }
            Expr::ListComp(list) => {
                self.comprehension(ComprehensionKind::List, &list.generators, &list.elt, None)
            }
            Expr::SetComp(set) => self.comprehension(ComprehensionKind::Set, &set.generators, &set.elt, None),
            Expr::Generator(list) => {
                self.comprehension(ComprehensionKind::Generator, &list.generators, &list.elt, None)
            }
            Expr::DictComp(dict) => match &dict.key {
                Some(key) => {
                    self.comprehension(ComprehensionKind::Dict, &dict.generators, key, Some(&dict.value))
                }
                None => self.refused("an unpacking in a comprehension", expression),
            },
            Expr::Named(named) => {
                let value = self.boxed(&named.value);
                match self.target(&named.target) {
                    Target::Local(slot) => Kind::Walrus(slot, value),
                    _ => self.refused("`:=` in this place", expression),
                }
            }
            Expr::Yield(inner) => Kind::Yield(inner.value.as_ref().map(|value| self.boxed(value))),
            Expr::YieldFrom(inner) => Kind::YieldFrom(self.boxed(&inner.value)),
            Expr::Starred(_) => self.refused("an unpacking in this place", expression),
            Expr::Await(_) => self.refused("`await`", expression),
            Expr::TString(_) => self.refused("a template string", expression),
            Expr::IpyEscapeCommand(_) => self.refused("this expression", expression),
        }
    }

    fn refused(&mut self, what: &str, at: &Expr) -> Kind {
        self.refuse(what, at);
        Kind::None
    }

    pub(super) fn items(&mut self, elements: &'p [Expr]) -> Vec<Item> {
        elements
            .iter()
            .map(|element| match element {
                Expr::Starred(starred) => Item { starred: true, value: self.expression(&starred.value) },
                element => Item { starred: false, value: self.expression(element) },
            })
            .collect()
    }

    pub(super) fn defaults(
        &mut self,
        parameters: Option<&'p ruff_python_ast::Parameters>,
    ) -> Vec<Expression> {
        let parameters =
            parameters.into_iter().flat_map(ruff_python_ast::Parameters::iter_non_variadic_params);
        parameters
            .filter_map(|parameter| parameter.default.as_ref())
            .map(|value| self.expression(value))
            .collect()
    }

    /// Makes what a path in a library stands for.
    pub(super) fn library(&mut self, path: &str, at: &Expr) -> Kind {
        let path = library::canonical(path);
        if let Some(native) = library::find(&path) {
            return Kind::Native(native);
        }
        if let Some(constant) = library::constant(&path) {
            return constant;
        }
        if let Some(class) = Class::find(&path) {
            return Kind::Class(class);
        }
        if let Some(name) = path.strip_prefix("builtins.") {
            self.refuse(format!("`{name}`"), at);
        } else if library::is_module(&path) {
            self.refuse(format!("the module `{path}` by itself"), at);
        } else {
            let hint = library::advice(&path);
            self.refuse_with(format!("`{path}`"), hint, at);
        }
        Kind::None
    }

    /// Returns the path of a module, or of something in one, that an expression names and that is no value itself.
    fn path_of(&mut self, expression: &'p Expr) -> Option<String> {
        match expression {
            Expr::Name(name) => self.library_name(name.id.as_str()),
            Expr::Attribute(attribute) => {
                let path = format!("{}.{}", self.path_of(&attribute.value)?, attribute.attr);
                let path = library::canonical(&path);
                library::constant(&path).is_none().then_some(path)
            }
            _ => None,
        }
    }

    fn call(&mut self, call: &'p ExprCall, expression: &'p Expr) -> Kind {
        if let Expr::Attribute(attribute) = &*call.func {
            let name = attribute.attr.as_str();
            if let Expr::Name(base) = &*attribute.value
                && LOGGING.contains(&name)
                && self.is_silent(base.id.as_str())
            {
                return Kind::Silent;
            }
            if self.path_of(&attribute.value).is_none() {
                let object = self.boxed(&attribute.value);
                let arguments = self.arguments(call);
                return Kind::Method(object, name.into(), arguments);
            }
        }
        if let Expr::Name(name) = &*call.func
            && name.id.as_str() == "super"
        {
            return self.refused("`super`", expression);
        }
        self.check_pattern(call);
        let function = self.boxed(&call.func);
        let arguments = self.arguments(call);
        Kind::Call(function, arguments)
    }

    /// Refuses a pattern that the engine does not have, when it is written out.
    fn check_pattern(&mut self, call: &'p ExprCall) {
        let path = self.path_of(&call.func).map(|path| library::canonical(&path));
        if let (Some(path), Some(Expr::StringLiteral(pattern))) = (path, call.arguments.args.first())
            && path.starts_with("re.")
            && path != "re.escape"
            && let Some(why) = library::regex::problem(pattern.value.to_str())
        {
            self.refuse_with(
                format!("this pattern ({why})"),
                "Write it without look-around and references back, which an engine that always ends does not have.",
                pattern,
            );
        }
    }

    fn arguments(&mut self, call: &'p ExprCall) -> Arguments {
        let positional = self.items(&call.arguments.args);
        let named = call
            .arguments
            .keywords
            .iter()
            .map(|keyword| {
                let name = keyword.arg.as_ref().map(|name| name.as_str().into());
                (name, self.expression(&keyword.value))
            })
            .collect();
        Arguments { positional, named }
    }

    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        generators: &'p [Written],
        element: &'p Expr,
        value: Option<&'p Expr>,
    ) -> Kind {
        let mut compiled = Vec::new();
        let mut opened = 0;
        for generator in generators {
            if generator.is_async {
                self.refuse("an async comprehension", generator);
            }
            // The iterable does not see the target of its own generator.
            let iterable = self.expression(&generator.iter);
            let mut names = Vec::new();
            target_names(&generator.target, &mut names);
            if let Some(scope) = self.scopes.last_mut() {
                let slots = names.iter().map(|name| ((*name).to_owned(), scope.slot(name))).collect();
                scope.overlays.push(slots);
                opened += 1;
            }
            let target = self.target(&generator.target);
            let conditions = generator.ifs.iter().map(|condition| self.expression(condition)).collect();
            compiled.push(Generator { target, iterable, conditions });
        }
        let element = self.expression(element);
        let value = value.map(|value| self.expression(value));
        if let Some(scope) = self.scopes.last_mut() {
            let left = scope.overlays.len() - opened;
            scope.overlays.truncate(left);
        }
        Kind::Comprehension(Box::new(Comprehension { kind, generators: compiled, element, value }))
    }

    fn f_string(&mut self, string: &'p ExprFString) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in &string.value {
            match part {
                FStringPart::Literal(literal) => pieces.push(Piece::Text(self.text(&literal.value))),
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        pieces.push(self.piece(element));
                    }
                }
            }
        }
        pieces
    }

    fn piece(&mut self, element: &'p InterpolatedStringElement) -> Piece {
        match element {
            InterpolatedStringElement::Literal(literal) => Piece::Text(self.text(&literal.value)),
            InterpolatedStringElement::Interpolation(field) => {
                let value = self.expression(&field.expression);
                if field.debug_text.is_some() {
                    self.refuse("`=` in an f-string", field);
                }
                let conversion = match field.conversion {
                    ConversionFlag::None => None,
                    ConversionFlag::Str => Some('s'),
                    ConversionFlag::Repr => Some('r'),
                    ConversionFlag::Ascii => Some('a'),
                };
                let spec = match &field.format_spec {
                    Some(spec) => spec.elements.iter().map(|element| self.piece(element)).collect(),
                    None => Vec::new(),
                };
                Piece::Field { value, conversion, spec }
            }
        }
    }
}

pub(super) fn target_names<'p>(target: &'p Expr, names: &mut Vec<&'p str>) {
    match target {
        Expr::Name(name) => names.push(name.id.as_str()),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| target_names(element, names)),
        Expr::List(list) => list.elts.iter().for_each(|element| target_names(element, names)),
        Expr::Starred(starred) => target_names(&starred.value, names),
        _ => {} // An item or an attribute binds no name.
    }
}
