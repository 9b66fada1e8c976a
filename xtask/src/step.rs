//! The steps of a command: programs that are announced, run to their end, and explained if they fail.

use std::fmt;
use std::path::Path;
use std::process::{Command, Output};

/// An error message for the user: what went wrong and what to do.
#[derive(Debug, Clone)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns a failure whose message is already on the screen.
    pub(crate) fn shown() -> Self {
        Self(String::new())
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

pub(crate) fn announce(step: &str) {
    eprintln!("\n==> {step}");
}

/// Runs `command` with the terminal as its output.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<(), Failure> {
    announce(step);
    let status = command
        .status()
        .map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{step}: failed ({status}); see its messages above."
        )))
    }
}

/// Runs `command` and returns its output.
pub(crate) fn capture(command: &mut Command) -> Result<Output, Failure> {
    command
        .output()
        .map_err(|error| not_started(command, &error))
}

pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "cannot start `{}`: {error}",
        command.get_program().display()
    ))
}

pub(crate) fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
}
