//! Reads a path as jsonpath-ng's extended grammar does.
//!
//! That grammar gives every operator between two paths a strength, from `+` (weakest) over `..` and `.` to `where`, and all
//! bind to the left; brackets are weaker still. So `a..b[0]` is the first of all `b`, and `a.b|c` is `a.(b|c)`.

use super::JsonPathError;
use super::functions::Function;
use super::lex::{Placed, Token};
use super::tree::{Arithmetic, Expr, Operand};

/// How deep parentheses, filters and sums nest.
const DEPTH_MAX: usize = 40;

/// Each alternative may find the same values again.
const UNIONS_MAX: usize = 16;

/// The strengths of operators between two paths.
mod strength {
    pub(super) const WEAKEST: u8 = 0;
    pub(super) const DESCEND: u8 = 4;
    pub(super) const CHILD: u8 = 5;
    pub(super) const UNION: u8 = 6;
    pub(super) const INTERSECTION: u8 = 7;
    pub(super) const WHERE: u8 = 8;
    pub(super) const WHERE_NOT: u8 = 9;
}

/// Reads a whole path.
pub(super) fn path(tokens: &[Placed], end: usize) -> Result<Expr, JsonPathError> {
    let mut parser = Parser { tokens, end, at: 0, depth: 0, filters: 0, unions: 0 };
    if tokens.is_empty() {
        return Err(JsonPathError::new("the path is empty", 0));
    }
    let expr = parser.path()?;
    match parser.peek() {
        None => Ok(expr),
        Some(Token::Name(..) | Token::Number(_) | Token::Float(_) | Token::Function(_)) => {
            Err(parser.error("expected `.` or `[`"))
        }
        Some(_) => Err(parser.error("this does not go on a path")),
    }
}

/// Where reading is; copied to try one way and go back.
#[derive(Clone)]
pub(super) struct Parser<'t> {
    tokens: &'t [Placed],
    end: usize,
    at: usize,
    depth: usize,
    pub(super) filters: usize,
    unions: usize,
}

impl Parser<'_> {
    /// Reads a path with everything that may stand in it.
    pub(super) fn path(&mut self) -> Result<Expr, JsonPathError> {
        self.part(strength::WEAKEST)
    }

    /// Reads something inside of something.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, JsonPathError>,
    ) -> Result<T, JsonPathError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(format!("the path nests deeper than {DEPTH_MAX}")));
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    /// Reads operators that are at least so strong.
    fn part(&mut self, weakest: u8) -> Result<Expr, JsonPathError> {
        self.nested(|parser| parser.operators(weakest))
    }

    fn operators(&mut self, weakest: u8) -> Result<Expr, JsonPathError> {
        let mut left = self.primary()?;
        loop {
            left = match self.peek() {
                Some(Token::Sign('[')) if weakest == strength::WEAKEST => {
                    self.at += 1;
                    let right = self.bracket(true)?;
                    left.child(right)
                }
                Some(Token::Sign('+' | '-' | '*')) if weakest == strength::WEAKEST => {
                    self.arithmetic(operand(left))?
                }
                Some(token) => match operator(token).filter(|strength| *strength >= weakest) {
                    Some(strength) => self.binary(left, strength)?,
                    None => break,
                },
                None => break,
            };
        }
        Ok(left)
    }

    fn binary(&mut self, left: Expr, strength: u8) -> Result<Expr, JsonPathError> {
        if strength == strength::INTERSECTION {
            return Err(self.error("intersections (`&`) are in dlt's grammar but cannot be evaluated there or here; in a filter write `&&`"));
        }
        self.at += 1;
        if strength == strength::DESCEND && self.filter_follows() {
            self.at += 1;
            return Ok(Expr::Descend(Box::new(left), Box::new(self.bracket(true)?)));
        }
        let right = Box::new(self.part(strength + 1)?);
        let left = Box::new(left);
        Ok(match strength {
            strength::DESCEND => Expr::Descend(left, right),
            strength::CHILD => Expr::Child(left, right),
            strength::UNION => {
                self.unions += 1;
                if self.unions > UNIONS_MAX {
                    return Err(self.error(format!("the path has more than {UNIONS_MAX} unions")));
                }
                Expr::Union(left, right)
            }
            strength => Expr::Where(left, right, strength == strength::WHERE),
        })
    }

    fn filter_follows(&self) -> bool {
        let next = |at: usize| self.tokens.get(self.at + at).map(|(token, _)| token);
        next(0) == Some(&Token::Sign('[')) && next(1) == Some(&Token::Sign('?'))
    }

    fn primary(&mut self) -> Result<Expr, JsonPathError> {
        let is_operand = matches!(self.peek_at(1), Some(Token::Sign('+' | '-' | '*')));
        let Some(token) = self.next() else { return Err(self.error("the path ends too early")) };
        match token {
            Token::Number(number) if is_operand => self.arithmetic(Operand::Int(number)),
            Token::Float(number) if is_operand => self.arithmetic(Operand::Float(number)),
            Token::Number(number) => Ok(Expr::Fields(vec![number.to_string()])),
            Token::Name(..) | Token::Null | Token::Bool(_) => {
                self.at -= 1;
                self.names()
            }
            Token::Sign('$') => Ok(Expr::Root),
            Token::Sign('@') => Ok(Expr::This),
            Token::Sign('*') => Ok(Expr::Every),
            Token::Sign('(') => {
                let inner = self.path()?;
                self.expect(')')?;
                Ok(inner)
            }
            Token::Sign('[') => self.bracket(false),
            Token::Function(text) => match text.as_str() {
                "this" => Ok(Expr::This),
                "parent" => Ok(Expr::Parent),
                "sorted" => Ok(Expr::Sorted(Vec::new())),
                _ => Function::parse(&text).map(Expr::Call).map_err(|message| self.error_before(message)),
            },
            Token::Descend => Err(self.error_before("a path does not begin with `..`; write `$..`")),
            Token::Sign('.') => {
                Err(self.error_before("expected a name; write `..` only once between two names"))
            }
            _ => Err(self.error_before("expected a name")),
        }
    }

    /// Reads `a` and `a,b`.
    fn names(&mut self) -> Result<Expr, JsonPathError> {
        let mut names = Vec::new();
        loop {
            names.push(match self.next() {
                Some(Token::Name(name, _)) => name,
                Some(Token::Null) => "null".to_owned(),
                Some(Token::Bool(value)) => value.to_string(),
                Some(_) => return Err(self.error_before("expected a name")),
                None => return Err(self.error("the path ends too early")),
            });
            if !self.eat(',') {
                return Ok(Expr::Fields(names));
            }
        }
    }

    /// Reads what stands in brackets, and the closing one. Filters and sorts need a path before them.
    fn bracket(&mut self, follows: bool) -> Result<Expr, JsonPathError> {
        let expr = match self.peek() {
            Some(Token::Sign('*')) => {
                self.at += 1;
                Expr::Every
            }
            Some(Token::Sign('?') | Token::Sort(_)) if !follows => {
                return Err(self.error("a filter or a sort needs a path before its brackets, without a dot: `$[?...]`, `a[?...]`"));
            }
            Some(Token::Sign('?')) => {
                self.at += 1;
                Expr::Filter(Box::new(self.filter()?))
            }
            Some(Token::Sort(_)) => Expr::Sorted(self.sorts()?),
            Some(Token::Number(_)) if self.peek_at(1) != Some(&Token::Sign(':')) => self.indexes()?,
            Some(Token::Number(_) | Token::Sign(':')) => self.slice()?,
            Some(Token::Name(..) | Token::Null | Token::Bool(_)) => self.names()?,
            _ => return Err(self.error("expected an index, a slice, `*`, a filter or a quoted name")),
        };
        self.expect(']')?;
        Ok(expr)
    }

    fn indexes(&mut self) -> Result<Expr, JsonPathError> {
        let mut indexes = Vec::new();
        loop {
            match self.next() {
                Some(Token::Number(index)) => indexes.push(index),
                _ => return Err(self.error_before("expected an index")),
            }
            if !self.eat(',') {
                return Ok(Expr::Index(indexes));
            }
        }
    }

    fn slice(&mut self) -> Result<Expr, JsonPathError> {
        let start = self.number();
        self.expect(':')?;
        let end = self.number();
        let step = if self.eat(':') { self.number() } else { None };
        Ok(Expr::Slice(start, end, step))
    }

    fn sorts(&mut self) -> Result<Vec<(Expr, bool)>, JsonPathError> {
        let mut keys = Vec::new();
        while let Some(Token::Sort(descending)) = self.peek() {
            let descending = *descending;
            self.at += 1;
            keys.push((self.path()?, descending));
        }
        Ok(keys)
    }

    /// Reads the operator and all that follows it: sums bind to the right, as in jsonpath-ng.
    fn arithmetic(&mut self, left: Operand) -> Result<Expr, JsonPathError> {
        let operator = match self.next() {
            Some(Token::Sign('+')) => Arithmetic::Add,
            Some(Token::Sign('-')) => Arithmetic::Subtract,
            Some(Token::Sign('*')) => Arithmetic::Multiply,
            _ => return Err(self.error_before("expected `+`, `-` or `*`")),
        };
        let is_operand = matches!(self.peek_at(1), Some(Token::Sign('+' | '-' | '*')));
        let right = match self.peek() {
            Some(Token::Number(number)) if !is_operand => Some(Operand::Int(*number)),
            Some(Token::Float(number)) if !is_operand => Some(Operand::Float(*number)),
            _ => None,
        };
        let right = match right {
            Some(number) => {
                self.at += 1;
                number
            }
            None => operand(self.path()?),
        };
        Ok(Expr::Arithmetic(Box::new(left), operator, Box::new(right)))
    }

    fn number(&mut self) -> Option<i64> {
        let Some(Token::Number(number)) = self.peek() else { return None };
        let number = *number;
        self.at += 1;
        Some(number)
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += usize::from(token.is_some());
        token
    }

    pub(super) fn eat(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, sign: char) -> Result<(), JsonPathError> {
        if self.eat(sign) { Ok(()) } else { Err(self.error(format!("expected `{sign}`"))) }
    }

    /// Makes an error about what comes next.
    pub(super) fn error(&self, message: impl Into<String>) -> JsonPathError {
        JsonPathError::new(message, self.tokens.get(self.at).map_or(self.end, |(_, offset)| *offset))
    }

    /// Makes an error about what was just taken.
    pub(super) fn error_before(&self, message: impl Into<String>) -> JsonPathError {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        JsonPathError::new(message, before.map_or(self.end, |(_, offset)| *offset))
    }
}

/// The strength of an operator between two paths.
fn operator(token: &Token) -> Option<u8> {
    Some(match token {
        Token::Descend => strength::DESCEND,
        Token::Sign('.') => strength::CHILD,
        Token::Sign('|') => strength::UNION,
        Token::Sign('&') => strength::INTERSECTION,
        Token::Where => strength::WHERE,
        Token::WhereNot => strength::WHERE_NOT,
        _ => return None,
    })
}

fn operand(expr: Expr) -> Operand {
    match expr {
        Expr::Fields(names) if names.len() == 1 => {
            names.into_iter().next().map_or(Operand::Path(Expr::This), Operand::Text)
        }
        expr => Operand::Path(expr),
    }
}
