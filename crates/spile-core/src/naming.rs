//! dlt's naming conventions: what a name of a config or a key of the data is called in the destination.
//!
//! A convention is a row of [`NAMING_CONVENTIONS`]: how one identifier is cleaned, and what stands between the parts of a
//! path. [`Naming`] is a convention at a destination, with its bounds. It is not concerned with which table or column a
//! name belongs to. Invariant: every function is pure, and a name that it returns is never longer than the bounds and
//! never empty.

mod direct;
mod shorten;
mod snake_case;
mod sql;
mod stored;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::destination::IdentifierRules;

/// What an empty key becomes, and a key of which nothing is left (`__`; dlt fails there).
pub const EMPTY_IDENTIFIER: &str = "_empty";

/// How names become identifiers.
#[derive(Debug)]
pub struct NamingConvention {
    /// dlt's name, as `schema.naming` has it.
    pub name: &'static str,
    /// What it does to a name.
    pub summary: &'static str,
    /// Joins the parts of a table or column path.
    pub separator: &'static str,
    /// Whether two identifiers can differ in case alone.
    pub is_case_sensitive: bool,
    /// Cleans one trimmed identifier, without shortening it; nothing may be left.
    clean: fn(&str) -> String,
}

/// The conventions, the default first.
pub static NAMING_CONVENTIONS: [NamingConvention; 5] = [
    NamingConvention {
        name: "snake_case",
        summary: "lower case, words by `_`, signs as `_` or letters: `userName` is `user_name` (the default)",
        separator: "__",
        is_case_sensitive: false,
        clean: snake_case::clean,
    },
    NamingConvention {
        name: "duck_case",
        summary: "as it is but for line breaks, double quotes and runs of `_`: `user Name` stays",
        separator: "__",
        is_case_sensitive: true,
        clean: direct::clean_duck_case,
    },
    NamingConvention {
        name: "direct",
        summary: "as it is but for line breaks and quotes; nested names are joined by `▶`",
        separator: "▶",
        is_case_sensitive: true,
        clean: direct::clean,
    },
    NamingConvention {
        name: "sql_cs_v1",
        summary: "signs as `_`, case kept: `user-Name` is `user_Name`",
        separator: "__",
        is_case_sensitive: true,
        clean: sql::clean,
    },
    NamingConvention {
        name: "sql_ci_v1",
        summary: "signs as `_`, lower case: `user-Name` is `user_name`",
        separator: "__",
        is_case_sensitive: false,
        clean: sql::clean_lower,
    },
];

impl PartialEq for NamingConvention {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for NamingConvention {}

impl NamingConvention {
    /// Returns the convention that dlt takes when nothing names one.
    pub fn default_convention() -> &'static Self {
        &NAMING_CONVENTIONS[0]
    }

    /// Finds a convention by dlt's name, also in the form of its module.
    pub fn find(name: &str) -> Option<&'static Self> {
        let short = name.strip_prefix("dlt.common.normalizers.naming.").unwrap_or(name);
        NAMING_CONVENTIONS.iter().find(|convention| convention.name == short)
    }
}

/// A convention with the bounds of a destination.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    convention: &'static NamingConvention,
    rules: IdentifierRules,
}

impl Naming {
    /// Binds a convention to a destination.
    pub fn new(convention: &'static NamingConvention, rules: IdentifierRules) -> Self {
        Self { convention, rules }
    }

    /// Returns the convention.
    pub fn convention(&self) -> &'static NamingConvention {
        self.convention
    }

    /// Normalises a single identifier: under `snake_case`, `userID` becomes `user_id`.
    ///
    /// Nothing but white space gives [`EMPTY_IDENTIFIER`].
    pub fn identifier(&self, name: &str) -> String {
        let cleaned = self.cleaned(trim(name));
        if cleaned.is_empty() { EMPTY_IDENTIFIER.to_owned() } else { cleaned }
    }

    /// Cleans and shortens a trimmed identifier, of which nothing may be left.
    fn cleaned(&self, name: &str) -> String {
        shorten::shorten((self.convention.clean)(name), name, self.rules)
    }

    /// Normalises a path such as `a__b`: the parts are normalised on their own, empty ones are dropped.
    ///
    /// A path of which nothing is left gives [`EMPTY_IDENTIFIER`].
    pub fn path(&self, path: &str) -> String {
        let parts: Vec<String> = path
            .split(self.convention.separator)
            .map(|part| self.cleaned(trim(part)))
            .filter(|part| !part.is_empty())
            .collect();
        if parts.is_empty() {
            EMPTY_IDENTIFIER.to_owned()
        } else {
            shorten::shorten(parts.join(self.convention.separator), path, self.rules)
        }
    }

    /// Joins parts that are normalised already. The result may be too long: it is the path that deeper names build on.
    pub fn join(&self, parent: &str, name: &str) -> String {
        let separator = self.convention.separator;
        if parent.is_empty() { name.to_owned() } else { format!("{parent}{separator}{name}") }
    }

    /// Shortens a joined path to the name that the destination sees.
    pub fn shorten_path(&self, path: &str) -> String {
        shorten::shorten(path.to_owned(), path, self.rules)
    }

    /// Returns the name of the column that takes values of another type.
    pub fn variant(&self, column: &str, data_type: &str) -> String {
        self.shorten_path(&self.join(column, &format!("v_{data_type}")))
    }

    /// Returns the path beside `name` for what another key of the same record put there.
    pub fn apart(&self, name: &str, key_path: &str) -> String {
        self.join(name, &format!("k_{}", shorten::tag(key_path)))
    }

    /// Returns whether names that differ in case alone are two names to the convention and one to the destination.
    pub fn folds(&self) -> bool {
        self.convention.is_case_sensitive && !self.rules.is_case_sensitive
    }

    /// Returns what the destination tells names apart by.
    pub fn folded<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.folds() { Cow::Owned(name.to_lowercase()) } else { Cow::Borrowed(name) }
    }

    /// Returns which of the names that are there is this one to the destination.
    pub fn spelling<'a>(&self, name: &str, mut known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let folded = self.folded(name);
        known.find(|known| self.folded(known) == folded)
    }
}

/// Trims what Python calls white space, which has four control characters more than Unicode.
fn trim(name: &str) -> &str {
    name.trim_matches(|character: char| {
        character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
    })
}

/// Returns whether this is a decimal digit in the sense of Python's `\d`, which dlt uses: every one of Unicode (category
/// Nd), the common blocks of it.
///
/// All blocks of Nd below U+11000 are runs of ten that start at one of these.
fn is_decimal_digit(character: char) -> bool {
    const ZEROS: [u32; 37] = [
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
        0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
        0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
        0x104A0,
    ];
    if character.is_ascii() {
        return character.is_ascii_digit();
    }
    let code = character as u32;
    code >= 0x0660 && ZEROS.iter().any(|zero| (*zero..*zero + 10).contains(&code))
}

/// Makes one underscore of every run of them.
fn collapse_underscores(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '_' || !collapsed.ends_with('_') {
            collapsed.push(character);
        }
    }
    collapsed
}
