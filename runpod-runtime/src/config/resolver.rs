//! Reads settings from the environment and collects all faults, instead of stopping at the first fault.

use super::environment::Environment;
use super::error::{Fault, found};
use super::url_template::UrlTemplate;

/// The faults and warnings found so far.
pub(super) struct Resolver<'a> {
    pub(super) environment: &'a Environment,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<String>,
}

/// The parsed value of a variable.
pub(super) enum Variable<T> {
    Unset,
    /// The value is invalid, and its fault has been recorded.
    Unusable,
    Usable(T),
}

impl<T> Variable<T> {
    pub(super) fn is_unset(&self) -> bool {
        matches!(self, Self::Unset)
    }

    pub(super) fn usable(self) -> Option<T> {
        match self {
            Self::Usable(value) => Some(value),
            Self::Unset | Self::Unusable => None,
        }
    }
}

impl Resolver<'_> {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Returns the value, or records the fault.
    pub(super) fn check<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.faults.push(fault)).ok()
    }

    /// Returns the variable's value as text.
    pub(super) fn text(&self, variable: &str) -> Option<String> {
        self.environment.get(variable).map(str::to_owned)
    }

    /// Parses the variable's value with `read`. If `read` returns `None`, a fault is recorded.
    pub(super) fn value<T>(
        &mut self,
        variable: &str,
        expected: &str,
        remedy: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.environment.get(variable)?;
        let value = read(text.trim());
        if value.is_none() {
            self.faults.push(
                Fault::new(variable, found(text))
                    .expected(expected)
                    .remedy(remedy),
            );
        }
        value
    }

    /// Parses the variable's value as a URL template with the worker's id filled in.
    pub(super) fn template(&mut self, variable: &str, worker_id: &str) -> Variable<UrlTemplate> {
        let Some(text) = self.environment.get(variable) else {
            return Variable::Unset;
        };
        match self.check(UrlTemplate::parse(variable, text, worker_id)) {
            Some(template) => Variable::Usable(template),
            None => Variable::Unusable,
        }
    }
}
