//! Validates a handler's input if its type derives garde's `Validate`.
//!
//! This works like the schemas (see [`schema`](super::schema), with the feature of that name): [`Check`] has a method
//! for suitable types, and [`Unchecked`] has the same method for all others.

use std::fmt::Write as _;
use std::ops::Deref;

use garde::{Path, Report, Validate};

use super::failure::Failure;
use super::input;
use super::job::Job;

pub use crate::__validate as validate;

/// The maximum number of errors in a message, because an input may be a list with thousands of items.
const MOST_FAULTS: usize = 100;

/// An argument to validate.
#[derive(Debug)]
pub struct Check<'a, T>(&'a T, Unchecked);

/// The fallback for arguments that are not validated.
#[derive(Debug)]
pub struct Unchecked(());

impl<'a, T> Check<'a, T> {
    /// Creates a check of an argument of any kind.
    pub fn of(argument: &'a T) -> Self {
        Self(argument, Unchecked(()))
    }
}

impl<T: Validate<Context = ()>> Check<'_, T> {
    /// Validates the input.
    ///
    /// # Errors
    ///
    /// Returns an error if the input is invalid.
    pub fn __rp_valid(&self) -> Result<(), Failure> {
        self.0.validate().map_err(|report| failure(&report))
    }
}

/// A job is valid if its input is valid. The paths in the report are relative to the input.
impl<T: Validate> Validate for Job<T> {
    type Context = T::Context;

    fn validate_into(
        &self,
        context: &T::Context,
        parent: &mut dyn FnMut() -> Path,
        report: &mut Report,
    ) {
        self.input.validate_into(context, parent, report);
    }
}

impl<T> Deref for Check<'_, T> {
    type Target = Unchecked;

    fn deref(&self) -> &Unchecked {
        &self.1
    }
}

impl Unchecked {
    /// Accepts the argument without validation.
    ///
    /// # Errors
    ///
    /// Never returns an error. The signature matches the method that validates.
    pub fn __rp_valid(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Lists all invalid places in the input, in the format of the message for an input that cannot be deserialised.
fn failure(report: &Report) -> Failure {
    let mut message = String::new();
    // A path may contain the keys of a map, which come from the client, so the log contains no paths.
    let mut errors = Vec::new();
    for (path, error) in report.iter().take(MOST_FAULTS) {
        if !message.is_empty() {
            message.push_str("; ");
        }
        let fault = format!("{}: {error}", input::place_of_text(&path.to_string()));
        message.push_str(&input::shorten(&fault));
        let error = input::shorten(error.message());
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    let more = report.iter().skip(MOST_FAULTS).count();
    if more > 0 {
        let _ = write!(message, "; and {more} more");
    }
    Failure {
        without_data: Some(format!(
            "{} values in the input are invalid: {}",
            report.iter().count(),
            errors.join("; ")
        )),
        ..Failure::new(input::ERROR_TYPE, message)
    }
}

/// Validates a handler's arguments, and returns the failure from the generated adapter if one is invalid:
/// `validate!(argument_0, argument_1);`.
#[doc(hidden)]
#[macro_export]
macro_rules! __validate {
    ($($(#[$condition:meta])* $argument:ident),*) => {$(
        $(#[$condition])*
        let () = $crate::__private::Check::of(&$argument).__rp_valid()?;
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;
    use garde::Error;

    fn message(faults: impl IntoIterator<Item = (Path, &'static str)>) -> String {
        let mut report = Report::new();
        for (path, text) in faults {
            report.append(path, Error::new(text));
        }
        failure(&report).message
    }

    #[test]
    fn every_fault_is_told_with_its_place_in_the_order_of_the_report() {
        let faults = [
            (Path::new("size").join("width"), "too wide"),
            (Path::new("name"), "too long"),
            (Path::new("name"), "not ASCII"),
        ];
        assert_eq!(
            message(faults),
            "input.size.width: too wide; input.name: too long; input.name: not ASCII"
        );
    }

    #[test]
    fn the_log_has_what_is_wrong_and_no_key_of_the_client() {
        let mut report = Report::new();
        for key in ["ada@h.io", "bob@h.io"] {
            report.append(Path::new("users").join(key), Error::new("too long"));
        }
        report.append(Path::new(0_usize), Error::new("not\nASCII"));
        assert_eq!(
            failure(&report).without_data.unwrap(),
            r"3 values in the input are invalid: too long; not\nASCII"
        );
        assert_eq!(
            failure(&report).message,
            r"input.users.ada@h.io: too long; input.users.bob@h.io: too long; input[0]: not\nASCII"
        );
    }

    #[test]
    fn the_place_is_written_as_for_an_input_that_cannot_be_read() {
        let faults = [
            (Path::empty(), "no"),
            (Path::new(0_usize).join("name"), "no"),
            (Path::new("tags").join(2_usize), "no"),
        ];
        assert_eq!(
            message(faults),
            "input: no; input[0].name: no; input.tags[2]: no"
        );
    }

    #[test]
    fn a_message_ends_although_the_faults_do_not() {
        let faults = (0..100_000_usize).map(|index| (Path::new(index), "no"));
        let message = message(faults);
        assert!(
            message.ends_with("input[99]: no; and 99900 more"),
            "{message}"
        );
        let key = message_of_long_key();
        assert!(key.chars().count() < 500, "{}", key.len());
    }

    fn message_of_long_key() -> String {
        message([(Path::new("k".repeat(100_000)), "no")])
    }
}
