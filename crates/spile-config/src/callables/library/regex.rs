//! `re`, on an engine without backtracking: every pattern ends in time. What such an engine cannot do is refused.

use std::cell::OnceCell;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};

use super::{Given, Native};
use crate::callables::fault::{Outcome, raise, stop};
use crate::callables::machine::Machine;
use crate::callables::operators;
use crate::callables::value::{Key, Value};

pub(super) const FUNCTIONS: &[Native] = &[
    Native { path: "re.compile", call: compile },
    Native { path: "re.escape", call: escape },
    Native { path: "re.findall", call: |machine, given| of_module(machine, given, "findall") },
    Native { path: "re.finditer", call: |machine, given| of_module(machine, given, "finditer") },
    Native { path: "re.fullmatch", call: |machine, given| of_module(machine, given, "fullmatch") },
    Native { path: "re.match", call: |machine, given| of_module(machine, given, "match") },
    Native { path: "re.search", call: |machine, given| of_module(machine, given, "search") },
    Native { path: "re.split", call: |machine, given| of_module(machine, given, "split") },
    Native { path: "re.sub", call: |machine, given| of_module(machine, given, "sub") },
];

pub(super) const IGNORE_CASE: i128 = 2;
pub(super) const MULTI_LINE: i128 = 8;
pub(super) const DOT_ALL: i128 = 16;
pub(super) const VERBOSE: i128 = 64;
pub(super) const ASCII: i128 = 256;

/// Where in the text a match must be.
#[derive(Clone, Copy)]
enum Anchor {
    Anywhere,
    Start,
    Whole,
}

/// A compiled pattern.
pub(in crate::callables) struct Pattern {
    source: String,
    flags: i128,
    anywhere: Regex,
    start: OnceCell<Regex>,
    whole: OnceCell<Regex>,
}

/// A match.
pub(in crate::callables) struct Found {
    text: Rc<str>,
    groups: Vec<Option<(usize, usize)>>,
    names: Vec<(String, usize)>,
}

/// Says why a pattern cannot be used; `None` when it can.
pub(in crate::callables) fn problem(source: &str) -> Option<String> {
    build(source, 0, Anchor::Anywhere).err()
}

fn build(source: &str, flags: i128, anchor: Anchor) -> Result<Regex, String> {
    // Python's \Z is what is \z here.
    let source = source.replace("\\Z", "\\z");
    let anchored = match anchor {
        Anchor::Anywhere => source,
        Anchor::Start => format!("\\A(?:{source})"),
        Anchor::Whole => format!("\\A(?:{source})\\z"),
    };
    RegexBuilder::new(&anchored)
        .case_insensitive(flags & IGNORE_CASE != 0)
        .multi_line(flags & MULTI_LINE != 0)
        .dot_matches_new_line(flags & DOT_ALL != 0)
        .ignore_whitespace(flags & VERBOSE != 0)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text.lines().rev().find_map(|line| line.strip_prefix("error: "));
            last.unwrap_or("it is too large").to_owned()
        })
}

impl Pattern {
    fn new(source: &str, flags: i128) -> Outcome<Self> {
        if flags & ASCII != 0 {
            return refused(source, "ASCII classes are not there");
        }
        match build(source, flags, Anchor::Anywhere) {
            Ok(anywhere) => Ok(Self {
                source: source.to_owned(),
                flags,
                anywhere,
                start: OnceCell::new(),
                whole: OnceCell::new(),
            }),
            Err(why) => refused(source, &why),
        }
    }

    fn regex(&self, anchor: Anchor, text: &str) -> Outcome<&Regex> {
        // Python's $ also matches before a line break that ends the text.
        if text.ends_with('\n') && self.flags & MULTI_LINE == 0 && self.source.contains('$') {
            return refused(&self.source, "`$` before a final line break is not there; strip the text first");
        }
        let cell = match anchor {
            Anchor::Anywhere => return Ok(&self.anywhere),
            Anchor::Start => &self.start,
            Anchor::Whole => &self.whole,
        };
        if cell.get().is_none() {
            match build(&self.source, self.flags, anchor) {
                Ok(regex) => {
                    cell.get_or_init(|| regex);
                }
                Err(why) => return refused(&self.source, &why),
            }
        }
        Ok(cell.get().unwrap_or(&self.anywhere))
    }

    fn found(&self, regex: &Regex, text: &Rc<str>, at: usize) -> Option<Found> {
        let captures = regex.captures_at(text, at)?;
        let groups = captures.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect();
        let names = regex.capture_names().enumerate();
        let names = names.filter_map(|(index, name)| Some((name?.to_owned(), index))).collect();
        Some(Found { text: Rc::clone(text), groups, names })
    }

    /// Finds all matches that do not overlap. An empty one may follow another match directly, but no empty one.
    fn all(&self, machine: &mut Machine<'_>, text: &Rc<str>) -> Outcome<Vec<Found>> {
        let regex = self.regex(Anchor::Anywhere, text)?;
        let mut all = Vec::new();
        let mut at = 0;
        let mut last_empty = None;
        while at <= text.len() {
            machine.step()?;
            let Some(found) = self.found(regex, text, at) else { break };
            let (start, end) = found.groups[0].unwrap_or((at, at));
            if start == end && last_empty == Some(start) {
                at = text[start..].chars().next().map_or(text.len() + 1, |next| start + next.len_utf8());
                continue;
            }
            last_empty = (start == end).then_some(start);
            at = end;
            machine.take_items(1 + found.groups.len())?;
            all.push(found);
        }
        Ok(all)
    }
}

fn refused<T>(source: &str, why: &str) -> Outcome<T> {
    stop(
        "script/unsupported",
        format!("the pattern {source:?} cannot be used: {why}"),
        "Write it without look-around and references back.",
    )
}

impl Found {
    fn group(&self, index: usize) -> Option<Value> {
        let group = self.groups.get(index)?;
        Some(group.map_or(Value::None, |(start, end)| Value::text(&self.text[start..end])))
    }

    fn index(&self, group: &Value) -> Outcome<usize> {
        let found = match group {
            Value::Text(name) => {
                self.names.iter().find(|(known, _)| **known == **name).map(|(_, index)| *index)
            }
            other => other.as_int().and_then(|index| usize::try_from(index).ok()),
        };
        match found.filter(|index| *index < self.groups.len()) {
            Some(index) => Ok(index),
            None => raise("IndexError", "no such group"),
        }
    }

    /// Evaluates `match[group]`.
    pub(in crate::callables) fn item(&self, group: &Value) -> Outcome<Value> {
        let index = self.index(group)?;
        Ok(self.group(index).unwrap_or(Value::None))
    }

    /// Calls a method of a match.
    pub(in crate::callables) fn method(&self, name: &str, given: Given) -> Outcome<Value> {
        let places = |group: Option<&Value>| -> Outcome<(i128, i128)> {
            let index = group.map_or(Ok(0), |group| self.index(group))?;
            let count = |end: usize| self.text[..end].chars().count() as i128;
            Ok(self.groups[index].map_or((-1, -1), |(start, end)| (count(start), count(end))))
        };
        let first = given.positional.first();
        match name {
            "group" => match given.positional.as_slice() {
                [] => Ok(self.group(0).unwrap_or(Value::None)),
                [only] => self.item(only),
                several => {
                    let groups: Outcome<Vec<Value>> = several.iter().map(|group| self.item(group)).collect();
                    Ok(Value::tuple(groups?))
                }
            },
            "groups" => {
                let missing = first.cloned().unwrap_or(Value::None);
                let groups = (1..self.groups.len()).map(|index| match self.groups[index] {
                    Some(_) => self.group(index).unwrap_or(Value::None),
                    None => missing.clone(),
                });
                Ok(Value::tuple(groups.collect()))
            }
            "groupdict" => Ok(Value::dict(self.names.iter().map(|(name, index)| {
                (Key::Text(name.as_str().into()), self.group(*index).unwrap_or(Value::None))
            }))),
            "start" => Ok(Value::Int(places(first)?.0)),
            "end" => Ok(Value::Int(places(first)?.1)),
            "span" => {
                let (start, end) = places(first)?;
                Ok(Value::tuple(vec![Value::Int(start), Value::Int(end)]))
            }
            other => raise("AttributeError", format!("'re.Match' object has no attribute '{other}'")),
        }
    }
}

fn compile(_: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let [pattern, flags] = given.bind("compile", ["pattern", "flags"])?;
    match pattern {
        Some(compiled @ Value::Pattern(_)) => Ok(compiled),
        Some(Value::Text(source)) => {
            let flags = flags.and_then(|flags| flags.as_int()).unwrap_or(0);
            Ok(Value::Pattern(Rc::new(Pattern::new(&source, flags)?)))
        }
        _ => raise("TypeError", "first argument must be string or compiled pattern"),
    }
}

fn escape(machine: &mut Machine<'_>, given: Given) -> Outcome<Value> {
    let value = given.one("escape")?;
    let mut text = String::new();
    for character in value.as_text().unwrap_or_default().chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    machine.text(text)
}

/// Calls `re.name(pattern, ...)` as `re.compile(pattern).name(...)`.
fn of_module(machine: &mut Machine<'_>, mut given: Given, name: &str) -> Outcome<Value> {
    let mut flags = 0;
    if let Some(index) = given.named.iter().position(|(name, _)| &**name == "flags") {
        flags = given.named.remove(index).1.as_int().unwrap_or(0);
    }
    let plain = if name == "sub" { 3 } else { 2 };
    if name != "split" && name != "sub" && given.positional.len() > plain {
        flags = given.positional.remove(plain).as_int().unwrap_or(0);
    }
    if given.positional.is_empty() {
        return raise("TypeError", format!("{name}() needs a pattern"));
    }
    let pattern = match given.positional.remove(0) {
        Value::Pattern(pattern) => pattern,
        Value::Text(source) => machine.pattern(&source, flags)?,
        other => {
            return raise(
                "TypeError",
                format!("first argument must be string or compiled pattern, not {}", other.type_name()),
            );
        }
    };
    method(machine, &pattern, name, given)
}

impl Machine<'_> {
    /// Compiles a pattern once.
    fn pattern(&mut self, source: &str, flags: i128) -> Outcome<Rc<Pattern>> {
        if let Some(pattern) =
            self.patterns.iter().find(|pattern| pattern.source == source && pattern.flags == flags)
        {
            return Ok(Rc::clone(pattern));
        }
        let pattern = Rc::new(Pattern::new(source, flags)?);
        if self.patterns.len() < 64 {
            self.patterns.push(Rc::clone(&pattern));
        }
        Ok(pattern)
    }
}

/// Calls a method of a pattern.
pub(in crate::callables) fn method(
    machine: &mut Machine<'_>,
    pattern: &Rc<Pattern>,
    name: &str,
    given: Given,
) -> Outcome<Value> {
    if name == "sub" {
        return substitute(machine, pattern, given);
    }
    let [string, limit] = given.bind(name, ["string", "maxsplit"])?;
    let Some(Value::Text(text)) = string else {
        return raise("TypeError", "expected string or bytes-like object");
    };
    let one = |anchor: Anchor| -> Outcome<Value> {
        let regex = pattern.regex(anchor, &text)?;
        Ok(pattern.found(regex, &text, 0).map_or(Value::None, |found| Value::Found(Rc::new(found))))
    };
    match name {
        "search" => one(Anchor::Anywhere),
        "match" => one(Anchor::Start),
        "fullmatch" => one(Anchor::Whole),
        "findall" => {
            let all = pattern.all(machine, &text)?;
            let items = all.iter().map(|found| match found.groups.len() {
                1 => found.group(0).unwrap_or(Value::None),
                2 => blank(found, 1),
                several => Value::tuple((1..several).map(|index| blank(found, index)).collect()),
            });
            Ok(Value::list(items.collect()))
        }
        "finditer" => {
            let all = pattern.all(machine, &text)?;
            Ok(Value::iterator(all.into_iter().map(|found| Value::Found(Rc::new(found))).collect()))
        }
        "split" => {
            let limit = limit.and_then(|limit| limit.as_int()).filter(|limit| *limit > 0);
            let mut items = Vec::new();
            let mut last = 0;
            for (index, found) in pattern.all(machine, &text)?.iter().enumerate() {
                if limit.is_some_and(|limit| index as i128 >= limit) {
                    break;
                }
                let (start, end) = found.groups[0].unwrap_or((last, last));
                items.push(Value::text(&text[last..start]));
                items.extend((1..found.groups.len()).filter_map(|group| found.group(group)));
                last = end;
            }
            items.push(Value::text(&text[last..]));
            Ok(Value::list(items))
        }
        other => raise("AttributeError", format!("'re.Pattern' object has no attribute '{other}'")),
    }
}

/// A group that did not take part is an empty text in `findall` and `sub`.
fn blank(found: &Found, index: usize) -> Value {
    match found.group(index) {
        Some(Value::None) | None => Value::text(""),
        Some(group) => group,
    }
}

fn substitute(machine: &mut Machine<'_>, pattern: &Rc<Pattern>, given: Given) -> Outcome<Value> {
    let [Some(replacement), Some(Value::Text(text)), limit] =
        given.bind("sub", ["repl", "string", "count"])?
    else {
        return raise("TypeError", "expected string or bytes-like object");
    };
    let limit = limit.and_then(|limit| limit.as_int()).filter(|limit| *limit > 0);
    let mut written = String::new();
    let mut last = 0;
    for (index, found) in pattern.all(machine, &text)?.into_iter().enumerate() {
        if limit.is_some_and(|limit| index as i128 >= limit) {
            break;
        }
        let (start, end) = found.groups[0].unwrap_or((last, last));
        written.push_str(&text[last..start]);
        match &replacement {
            Value::Text(template) => expand(template, &found, &mut written)?,
            function => {
                let found = Value::Found(Rc::new(found));
                let made = machine.call(function, Given { positional: vec![found], named: Vec::new() })?;
                match made {
                    Value::Text(made) => written.push_str(&made),
                    other => {
                        return raise(
                            "TypeError",
                            format!("expected str instance, {} found", other.type_name()),
                        );
                    }
                }
            }
        }
        machine.take(written.len().saturating_sub(last))?;
        last = end;
    }
    written.push_str(&text[last..]);
    machine.text(written)
}

/// Writes a replacement: `\1`, `\g<name>` and the usual escapes.
fn expand(template: &str, found: &Found, written: &mut String) -> Outcome<()> {
    let mut rest = template;
    while let Some(place) = rest.find('\\') {
        written.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        let mut characters = rest.chars();
        let Some(next) = characters.next() else {
            return raise("error", "bad escape (end of pattern)");
        };
        let digits = rest.chars().take(2).take_while(char::is_ascii_digit).count();
        if next == 'g' && rest.starts_with("g<") {
            let Some(end) = rest.find('>') else { return raise("error", "missing >, unterminated name") };
            let name = &rest[2..end];
            let group = name.parse::<i128>().map_or_else(|_| Value::text(name), Value::Int);
            let index = found.index(&group)?;
            written.push_str(blank(found, index).as_text().unwrap_or_default());
            rest = &rest[end + 1..];
        } else if digits > 0 && next != '0' {
            let group = Value::Int(rest[..digits].parse().unwrap_or(0));
            let Ok(index) = found.index(&group) else {
                return raise("error", format!("invalid group reference {}", operators::shown(&group)));
            };
            written.push_str(blank(found, index).as_text().unwrap_or_default());
            rest = &rest[digits..];
        } else {
            match next {
                'n' => written.push('\n'),
                't' => written.push('\t'),
                'r' => written.push('\r'),
                '\\' => written.push('\\'),
                other if other.is_ascii_alphanumeric() => {
                    return raise("error", format!("bad escape \\{other}"));
                }
                other => written.extend(['\\', other]),
            }
            rest = &rest[next.len_utf8()..];
        }
    }
    written.push_str(rest);
    Ok(())
}
