//! The one error type of the libraries.

use std::error::Error as StdError;
use std::fmt;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The config or the arguments must change.
    Config,
    /// The API refused the credentials.
    Auth,
    /// The API answered something that cannot be used.
    Source,
    /// A record cannot be stored.
    Data,
    /// The destination refused.
    Destination,
    /// Something could not be reached; trying later may help.
    Unavailable,
    /// A limit of the plan was passed.
    Limit,
    /// The work directory or stored state is unusable.
    State,
    /// The user stopped the run.
    Interrupted,
    /// A mistake in Spile.
    Bug,
}

impl ErrorKind {
    /// Returns the kind as a lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Source => "source",
            Self::Data => "data",
            Self::Destination => "destination",
            Self::Unavailable => "unavailable",
            Self::Limit => "limit",
            Self::State => "state",
            Self::Interrupted => "interrupted",
            Self::Bug => "bug",
        }
    }
}

/// The result of the libraries.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, on what, and what to do about it.
///
/// The cause stays in the source chain and is never formatted into the message.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    code: &'static str,
    message: String,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error. The message is lower case, without a full stop: what was attempted, on what.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            code,
            message: message.into(),
            context: Vec::new(),
            hint: None,
            source: None,
        }))
    }

    /// Adds a named fact: resource, page, url (redacted), attempts.
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Adds the sentence that says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Puts another text in place of the message, for one without secrets.
    pub fn map_message(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.0.message = change(&self.0.message);
        self
    }

    /// Adds the cause.
    pub fn source_error(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns who must act.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the stable slug.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Returns the message alone.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the named facts in the order they were added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }

    /// Returns the sentence that says what to do.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.0.code, self.0.message)?;
        for (name, value) in &self.0.context {
            write!(f, "; {name}: {value}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "; hint: {hint}")?;
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "; caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}
