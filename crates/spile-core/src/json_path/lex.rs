//! The tokens of a path, as jsonpath-ng's extended lexer makes them, with the place of each.
//!
//! Its oddities are kept, since configs rely on them: a minus sign before digits belongs to the number, one inside a name to
//! the name, and a slash always begins a sort. What is added: names may have letters of any script.

use super::JsonPathError;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a text, and whether it stood in quotes.
    Name(String, bool),
    Number(i64),
    Float(f64),
    Bool(bool),
    Null,
    /// A function in backquotes.
    Function(String),
    /// A comparison.
    Compare(Comparison),
    /// `/` or `\` before what a list is sorted by; `true` for descending.
    Sort(bool),
    Descend,
    And,
    Or,
    Where,
    WhereNot,
    /// Any other sign.
    Sign(char),
}

/// A comparison in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

/// A token and the byte where it begins.
pub(super) type Placed = (Token, usize);

/// More tokens than any path needs; what is made of them is walked by recursion.
const TOKENS_MAX: usize = 500;

const COMPARISONS: [(&str, Comparison); 8] = [
    ("=~", Comparison::Matches),
    ("==", Comparison::Equal),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("!=", Comparison::NotEqual),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// Splits a path into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, JsonPathError> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(first) = text[offset..].chars().next() {
        if matches!(first, ' ' | '\t' | '\n') && sort(&text[offset..]).is_none() {
            offset += 1;
            continue;
        }
        if tokens.len() == TOKENS_MAX {
            return Err(JsonPathError::new(format!("the path has more than {TOKENS_MAX} parts"), offset));
        }
        let (token, length) = token(&text[offset..], first)
            .map_err(|(message, inside)| JsonPathError::new(message, offset + inside))?;
        tokens.push((token, offset));
        offset += length;
    }
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), (String, usize)> {
    if let Some(found) = sort(rest) {
        return Ok(found);
    }
    if matches!(first, '\'' | '"' | '`') {
        let (text, length) = quoted(rest, first)?;
        let token = if first == '`' { Token::Function(text) } else { Token::Name(text, true) };
        return Ok((token, length));
    }
    if let Some(length) = name_length(rest) {
        return Ok((word(&rest[..length]), length));
    }
    if let Some(found) = number(rest)? {
        return Ok(found);
    }
    if let Some((sign, comparison)) = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((Token::Compare(*comparison), sign.len()));
    }
    for (sign, token) in [("..", Token::Descend), ("||", Token::Or), ("&&", Token::And)] {
        if rest.starts_with(sign) {
            return Ok((token, sign.len()));
        }
    }
    if "*.[]()$,:|&?@+-!".contains(first) {
        return Ok((Token::Sign(first), 1));
    }
    let message = format!("unexpected {first:?}; quote a name with odd characters as ['name']");
    Err((message, 0))
}

/// A sort may have a comma and blanks before it.
fn sort(rest: &str) -> Option<(Token, usize)> {
    let sign = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    let descending = match sign.as_bytes().first()? {
        b'/' => false,
        b'\\' => true,
        _ => return None,
    };
    Some((Token::Sort(descending), rest.len() - sign.len() + 1))
}

fn name_length(rest: &str) -> Option<usize> {
    let bare = rest.strip_prefix('@').unwrap_or(rest);
    if !bare.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        return None;
    }
    let inside = |character: char| character.is_alphanumeric() || matches!(character, '_' | '@' | '-');
    let end = bare.find(|character| !inside(character)).unwrap_or(bare.len());
    Some(rest.len() - bare.len() + end)
}

fn word(name: &str) -> Token {
    match name {
        "true" => Token::Bool(true),
        "false" => Token::Bool(false),
        "null" => Token::Null,
        "where" => Token::Where,
        "wherenot" => Token::WhereNot,
        _ => Token::Name(name.to_owned(), false),
    }
}

fn number(rest: &str) -> Result<Option<(Token, usize)>, (String, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(&rest[sign..]);
    if whole == 0 {
        return Ok(None);
    }
    let end = sign + whole;
    if let Some(fraction) = rest[end..].strip_prefix('.').map(digits).filter(|count| *count > 0) {
        let length = end + 1 + fraction;
        let value = rest[..length].parse().map_err(|_| ("the number is invalid".to_owned(), 0))?;
        return Ok(Some((Token::Float(value), length)));
    }
    let value = rest[..end].parse().map_err(|_| ("the number is too large".to_owned(), 0))?;
    Ok(Some((Token::Number(value), end)))
}

/// Reads up to the closing quote; a backslash takes the next character as it is.
fn quoted(rest: &str, quote: char) -> Result<(String, usize), (String, usize)> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Ok((text, at + quote.len_utf8()));
        }
        match (character, characters.clone().next()) {
            ('\\', Some((_, escaped))) => {
                text.push(escaped);
                characters.next();
            }
            ('\\', None) => break,
            _ => text.push(character),
        }
    }
    Err(("the quote is not closed".to_owned(), 0))
}
