//! The error that a command reports.

use std::fmt;
use std::process::ExitCode;

/// An error message for the user: what went wrong, where, and what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Creates a failure with exit code 1.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 1,
        }
    }

    /// Sets another exit code.
    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Adds a sentence in a line of its own.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.text.push('\n');
        self.text.push_str(more);
        self
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.text)
    }
}
