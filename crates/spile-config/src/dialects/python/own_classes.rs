//! Classes of one's own on top of dlt's paginators and auths, as far as they only say which arguments the base gets:
//!
//! ```python
//! class Backwards(HeaderLinkPaginator):
//!     def __init__(self, key="prev"):
//!         super().__init__(links_next_key=key)
//! ```
//!
//! An instance becomes the dict form of its base. A method that changes what the base does would have to run between two
//! requests; it is refused by its name, with what to use instead.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged;
use spile_core::{Diagnostic, Key};

use super::classes::{self, Class};
use super::interpret::Interpreter;
use super::object::{Function, Object, replace};
use super::span;

/// Classes of the script on top of each other.
const BASES_MAX: usize = 8;

/// Methods that change nothing that is requested.
const HARMLESS: [&str; 3] = ["__init__", "__repr__", "__str__"];

/// What `self` is while `__init__` runs.
pub(super) struct Instance<'p> {
    /// The class whose `__init__` runs.
    class: &'p StmtClassDef,
    frame: usize,
    /// The classes that were built on it, the instance's own first: their attributes win.
    below: Vec<&'p StmtClassDef>,
    /// Attributes that were set.
    attributes: Vec<(String, Object<'p>)>,
    /// The dict form, once the base's `__init__` was called.
    made: Option<Object<'p>>,
}

/// What a class of the script is built on.
enum Base<'p> {
    /// A component of dlt's.
    Component(&'static Class),
    /// A class of the script.
    Own(&'p StmtClassDef, usize),
    /// A class of dlt's or of `requests` that only methods make something of.
    Abstract,
    /// Nothing that a request is made with.
    Other,
}

impl<'p> Interpreter<'p, '_> {
    /// Makes an instance of a class of the script; of one that is no paginator and no auth an opaque one.
    pub(super) fn own_instance(
        &mut self,
        class: &'p StmtClassDef,
        frame: usize,
        call: &'p ExprCall,
    ) -> Option<Object<'p>> {
        let mut chain = (class, frame);
        for _ in 0..BASES_MAX {
            match self.base_of(chain.0, chain.1) {
                Base::Component(_) => return self.construct((class, frame), call, None),
                Base::Own(base, frame) => chain = (base, frame),
                Base::Abstract => return self.refuse_methods(chain.0).then_some(Object::Opaque),
                Base::Other => return Some(Object::Opaque),
            }
        }
        self.refuse_expression("a class on top of so many others", call)
    }

    fn base_of(&self, class: &'p StmtClassDef, frame: usize) -> Base<'p> {
        let bases = class.arguments.as_ref().map_or(&[][..], |arguments| &*arguments.args);
        let found = bases.iter().find_map(|base| match base {
            Expr::Name(name) => self.lookup_in(frame, name.id.as_str()),
            other => self.dotted(other).map(Object::Path),
        });
        match found {
            Some(Object::Class(base, frame)) => Base::Own(base, frame),
            Some(Object::Path(path)) => match classes::find(&path) {
                Some(component) => Base::Component(component),
                None if ["Paginator", "Auth", "AuthBase", "AuthConfigBase", "OAuth2AuthBase"]
                    .iter()
                    .any(|end| path.ends_with(end)) =>
                {
                    Base::Abstract
                }
                None => Base::Other,
            },
            _ => Base::Other,
        }
    }

    /// Makes an instance: runs `__init__`, or hands the arguments to the base.
    fn construct(
        &mut self,
        (class, frame): (&'p StmtClassDef, usize),
        call: &'p ExprCall,
        built_on: Option<&Instance<'p>>,
    ) -> Option<Object<'p>> {
        if !self.refuse_methods(class) {
            return None;
        }
        let mut instance = Instance { class, frame, below: Vec::new(), attributes: Vec::new(), made: None };
        if let Some(derived) = built_on {
            instance.below.clone_from(&derived.below);
            instance.below.push(derived.class);
            instance.attributes.clone_from(&derived.attributes);
        }
        let Some(init) = method(class, "__init__") else {
            return self.construct_base(&instance, call);
        };
        let mut arguments = Vec::new();
        for argument in &call.arguments.args {
            arguments.push(self.evaluate(argument)?);
        }
        let mut keywords = Vec::new();
        for keyword in &call.arguments.keywords {
            keywords.extend(self.keyword(keyword)?);
        }
        let instance = Rc::new(RefCell::new(instance));
        arguments.insert(0, Object::Instance(Rc::clone(&instance)));
        self.call(Function { definition: init, frame }, arguments, keywords, call)?;
        let made = instance.borrow_mut().made.take();
        made.or_else(|| {
            self.refuse_expression(
                &format!("`{}`, whose __init__ does not call the base's,", class.name),
                init,
            )
        })
    }

    fn construct_base(&mut self, instance: &Instance<'p>, call: &'p ExprCall) -> Option<Object<'p>> {
        match self.base_of(instance.class, instance.frame) {
            Base::Component(component) => self.instance(component, call),
            Base::Own(base, frame) => self.construct((base, frame), call, Some(instance)),
            Base::Abstract | Base::Other => self.refuse_expression("this call", call),
        }
    }

    /// Returns the instance whose base a call of `super().__init__(...)` makes, if a call is one.
    pub(super) fn calls_base(&self, call: &'p ExprCall) -> Option<Rc<RefCell<Instance<'p>>>> {
        let Expr::Attribute(attribute) = &*call.func else { return None };
        let Expr::Call(base) = &*attribute.value else { return None };
        let Expr::Name(name) = &*base.func else { return None };
        if attribute.attr.as_str() != "__init__"
            || name.id.as_str() != "super"
            || self.lookup("super").is_some()
        {
            return None;
        }
        match self.this() {
            Some(Object::Instance(instance)) => Some(instance),
            _ => None,
        }
    }

    /// Runs `super().__init__(...)`.
    pub(super) fn init_base(
        &mut self,
        instance: &Rc<RefCell<Instance<'p>>>,
        call: &'p ExprCall,
    ) -> Option<Object<'p>> {
        let state = instance.borrow();
        let derived = Instance {
            class: state.class,
            frame: state.frame,
            below: state.below.clone(),
            attributes: state.attributes.clone(),
            made: None,
        };
        drop(state);
        let made = self.construct_base(&derived, call);
        let worked = made.is_some();
        instance.borrow_mut().made = Some(made.unwrap_or(Object::Unknown));
        worked.then_some(Object::Opaque)
    }

    /// Reads an attribute of `self`: one that was set, or one of the class.
    pub(super) fn instance_attribute(
        &mut self,
        instance: &Rc<RefCell<Instance<'p>>>,
        name: &str,
        at: &impl Ranged,
    ) -> Option<Object<'p>> {
        let set = instance.borrow().attributes.iter().rfind(|(known, _)| known == name).cloned();
        if let Some((_, value)) = set {
            return Some(value);
        }
        let (mut classes, mut above) = {
            let state = instance.borrow();
            ([&state.below[..], &[state.class]].concat(), (state.class, state.frame))
        };
        while let Base::Own(base, frame) = self.base_of(above.0, above.1) {
            if classes.contains(&base) || classes.len() > BASES_MAX {
                break;
            }
            classes.push(base);
            above = (base, frame);
        }
        match classes.iter().find_map(|class| class_attribute(class, name)) {
            Some(value) => self.evaluate(value),
            None => self.refuse_expression(&format!("the attribute `{name}`"), at),
        }
    }

    /// Sets an attribute of `self`: before the base's `__init__` it is the class's own, after it a setting of the base.
    pub(super) fn set_instance_attribute(
        &mut self,
        instance: &Rc<RefCell<Instance<'p>>>,
        name: &str,
        value: Object<'p>,
        at: &impl Ranged,
    ) {
        let made = instance.borrow().made.clone();
        if let Some(Object::Map(entries, _)) = &made {
            let kind = entries.borrow().first().and_then(|(_, kind)| kind.as_text().map(str::to_owned));
            let known = classes::CLASSES
                .iter()
                .any(|class| Some(class.kind) == kind.as_deref() && class.arguments.contains(&name));
            if !known {
                self.refuse(&format!("a change of `{name}` after the base's __init__"), at);
                return;
            }
            let key = Key { name: name.to_owned(), span: span(self.reading, at.range()) };
            replace(&mut entries.borrow_mut(), (key, value.clone()));
        }
        instance.borrow_mut().attributes.push((name.to_owned(), value));
    }

    /// Returns `self` of the method that runs.
    fn this(&self) -> Option<Object<'p>> {
        ["self", "this", "cls"].iter().find_map(|name| match self.local(name) {
            Some(found @ Object::Instance(_)) => Some(found),
            _ => None,
        })
    }

    /// Refuses what would change the base's behaviour; gives whether there is none.
    fn refuse_methods(&mut self, class: &'p StmtClassDef) -> bool {
        let methods = class.body.iter().filter_map(|statement| match statement {
            Stmt::FunctionDef(definition) if !HARMLESS.contains(&definition.name.as_str()) => {
                Some(definition)
            }
            _ => None,
        });
        let Some(method) = methods.min_by_key(|method| weight(method.name.as_str())) else { return true };
        let message = format!("`{}` of the class `{}` cannot be evaluated", method.name, class.name);
        self.diagnostics.push(
            Diagnostic::error("config/python-unsupported", message)
                .at(&span(self.reading, method.name.range()))
                .label("it would have to run between two requests")
                .hint(instead(method.name.as_str())),
        );
        false
    }
}

/// Orders methods by how much they say about what the class is for.
fn weight(method: &str) -> usize {
    let telling =
        ["update_state", "update_request", "init_request", "__call__", "build_access_token_request"];
    telling.iter().position(|name| *name == method).unwrap_or(telling.len())
}

/// Says what to use in the place of a method.
fn instead(method: &str) -> &'static str {
    match method {
        "__call__" | "auth_flow" => {
            "Name an auth of `spile list auths`: `api_key` sets any header or parameter, a list of auths adds several, \
             and `session_token` logs in first."
        }
        "build_access_token_request" | "parse_native_representation" | "obtain_token" => {
            "Write `access_token_request_data` of `oauth2_client_credentials`, or name `session_token` or \
             `oauth2_refresh_token`, whose requests are keys."
        }
        "update_state" | "update_request" | "init_request" | "has_next_page" => {
            "Name a paginator of `spile list paginators`: most ways to walk pages are keys of `cursor`, `offset` and \
             `page_number`, such as `stop_condition`, `total_path` and `cursor_body_path`."
        }
        _ => {
            "Name a component of `spile list paginators` or `spile list auths`; its keys are in docs/reference."
        }
    }
}

fn method<'p>(class: &'p StmtClassDef, name: &str) -> Option<&'p StmtFunctionDef> {
    class.body.iter().find_map(|statement| match statement {
        Stmt::FunctionDef(definition) if definition.name.as_str() == name => Some(definition),
        _ => None,
    })
}

fn class_attribute<'p>(class: &'p StmtClassDef, name: &str) -> Option<&'p Expr> {
    let is_named = |target: &Expr| matches!(target, Expr::Name(found) if found.id.as_str() == name);
    class.body.iter().rev().find_map(|statement| match statement {
        Stmt::Assign(assign) if assign.targets.iter().any(is_named) => Some(&*assign.value),
        Stmt::AnnAssign(assign) if is_named(&assign.target) => assign.value.as_deref(),
        _ => None,
    })
}
