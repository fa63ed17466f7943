//! Reads what a filter asks for: `[?(@.size > 3 && @.name =~ '^a')]`.

use regex::Regex;

use super::JsonPathError;
use super::functions::pattern;
use super::lex::{Comparison, Token};
use super::parse::Parser;
use super::tree::{Condition, Expr, Literal};

/// A parenthesis in a filter is tried as a path and then as a condition, so filters in filters multiply the tries.
const FILTERS_MAX: usize = 8;

impl Parser<'_> {
    /// Reads alternatives; `&&` is stronger than `||`.
    pub(super) fn filter(&mut self) -> Result<Condition, JsonPathError> {
        self.filters += 1;
        if self.filters > FILTERS_MAX {
            return Err(self.error(format!("filters nest deeper than {FILTERS_MAX}")));
        }
        let condition = self.alternatives()?;
        self.filters -= 1;
        Ok(condition)
    }

    fn alternatives(&mut self) -> Result<Condition, JsonPathError> {
        let mut any = vec![self.conjunction()?];
        while self.peek() == Some(&Token::Or) {
            self.next();
            any.push(self.conjunction()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Condition::Any(any) })
    }

    fn conjunction(&mut self) -> Result<Condition, JsonPathError> {
        let mut all = vec![self.operand()?];
        while matches!(self.peek(), Some(Token::And | Token::Sign('&'))) {
            self.next();
            all.push(self.operand()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::All(all) })
    }

    fn operand(&mut self) -> Result<Condition, JsonPathError> {
        if self.peek() != Some(&Token::Sign('(')) {
            return self.comparison();
        }
        let mut tried = self.clone();
        match tried.comparison() {
            Ok(condition) => {
                *self = tried;
                Ok(condition)
            }
            Err(as_path) => {
                let inner = self.parenthesised();
                inner.map_err(|error| if error.offset >= as_path.offset { error } else { as_path })
            }
        }
    }

    fn parenthesised(&mut self) -> Result<Condition, JsonPathError> {
        self.expect('(')?;
        let inner = self.nested(Parser::alternatives)?;
        self.expect(')')?;
        Ok(inner)
    }

    fn comparison(&mut self) -> Result<Condition, JsonPathError> {
        if self.eat('!') {
            return self.path().map(Condition::Missing);
        }
        let left = self.path()?;
        let Some(Token::Compare(comparison)) = self.peek() else { return Ok(Condition::Exists(left)) };
        let comparison = *comparison;
        self.next();
        if comparison == Comparison::Matches {
            let regex = self.pattern()?;
            return Ok(Condition::Matches(left, regex));
        }
        Ok(match self.next() {
            Some(Token::Name(text, _)) => Condition::Compare(left, comparison, Literal::Text(text)),
            Some(Token::Number(number)) => Condition::Compare(left, comparison, Literal::Int(number)),
            Some(Token::Float(number)) => Condition::Compare(left, comparison, Literal::Float(number)),
            Some(Token::Bool(value)) => Condition::Compare(left, comparison, Literal::Bool(value)),
            Some(Token::Null) => Condition::Compare(left, comparison, Literal::Null),
            Some(Token::Sign('@')) => Condition::CompareWith(left, comparison, self.single(Expr::This)?),
            Some(Token::Sign('$')) => Condition::CompareWith(left, comparison, self.single(Expr::Root)?),
            Some(_) => return Err(self.error_before("expected a value to compare with")),
            None => return Err(self.error("the path ends too early")),
        })
    }

    fn pattern(&mut self) -> Result<Regex, JsonPathError> {
        let text = match self.next() {
            Some(Token::Name(text, _)) => text,
            Some(Token::Null) => "null".to_owned(),
            _ => return Err(self.error_before("expected a pattern in quotes")),
        };
        pattern(&text).map_err(|message| self.error_before(message))
    }

    /// Reads the rest of a path that finds one value at most: names and indexes.
    fn single(&mut self, start: Expr) -> Result<Expr, JsonPathError> {
        let mut path = start;
        loop {
            let step = if self.eat('.') {
                match self.next() {
                    Some(Token::Name(name, _)) => Expr::Fields(vec![name]),
                    Some(Token::Null) => Expr::Fields(vec!["null".to_owned()]),
                    Some(Token::Bool(value)) => Expr::Fields(vec![value.to_string()]),
                    _ => return Err(self.error_before("expected a name")),
                }
            } else if self.eat('[') {
                let step = match self.next() {
                    Some(Token::Name(name, _)) => Expr::Fields(vec![name]),
                    Some(Token::Number(index)) => Expr::Index(vec![index]),
                    _ => return Err(self.error_before("expected an index or a name in quotes")),
                };
                self.expect(']')?;
                step
            } else {
                return Ok(path);
            };
            path = path.child(step);
        }
    }
}
