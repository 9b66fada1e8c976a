//! The environment of the process: its variables, its directories, and its terminal.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::error::Fault;

/// A snapshot of the environment variables. An empty variable counts as unset, because `docker run -e NAME=` sets an
/// empty one.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    values: HashMap<String, String>,
    undecodable: Vec<String>,
}

impl Environment {
    /// Reads the environment of this process.
    pub(crate) fn from_process() -> Self {
        Self::of_os(std::env::vars_os())
    }

    /// Creates an environment from these pairs.
    #[cfg(any(test, fuzzing, feature = "local"))]
    pub(crate) fn of<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self {
            values: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            undecodable: Vec::new(),
        }
    }

    /// Sets a variable, in place of the value that it may already have.
    pub(crate) fn set(&mut self, name: String, value: String) {
        self.undecodable.retain(|known| *known != name);
        self.values.insert(name, value);
    }

    /// Returns the value of a variable if it is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns whether a variable is set but empty.
    pub(super) fn is_empty(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(String::is_empty)
    }

    /// Returns a fault for each `RUNPOD_*` variable that is not valid UTF-8.
    pub(super) fn faults(&self) -> impl Iterator<Item = Fault> {
        self.undecodable.iter().map(|name| {
            Fault::new(name, "the value is not valid UTF-8")
                .expected("text")
                .remedy("set it again")
        })
    }

    fn of_os(pairs: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            // All variables that the worker reads have ASCII names, so other names are skipped.
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    environment.values.insert(name, value);
                }
                Err(_) if name.starts_with("RUNPOD_") => environment.undecodable.push(name),
                Err(_) => {}
            }
        }
        environment.undecodable.sort();
        environment
    }
}

impl fmt::Debug for Environment {
    /// Shows only the names, because any value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.values.keys().collect();
        names.sort();
        f.debug_tuple("Environment").field(&names).finish()
    }
}

/// The inputs to the settings apart from the environment variables and the arguments.
#[derive(Debug, Clone)]
pub(crate) struct ProcessContext {
    /// Whether a handler of this worker streams.
    pub(crate) streams: bool,
    pub(crate) working_directory: PathBuf,
    /// The mount point of the platform's network volumes.
    pub(crate) volume: PathBuf,
    pub(crate) temporary: PathBuf,
    pub(crate) stdout_is_terminal: bool,
}

impl ProcessContext {
    /// Reads the context of this process.
    pub(crate) fn of_process(streams: bool) -> Self {
        Self {
            streams,
            working_directory: PathBuf::from("."),
            volume: PathBuf::from("/runpod-volume"),
            temporary: std::env::temp_dir(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environment = Environment::of([("RUNPOD_POD_ID", ""), ("RUNPOD_ENDPOINT_ID", "ep")]);
        assert_eq!(environment.get("RUNPOD_POD_ID"), None);
        assert_eq!(environment.get("RUNPOD_ENDPOINT_ID"), Some("ep"));
        assert_eq!(environment.get("RUNPOD_NOT_THERE"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_runpod_variable_that_is_not_utf8_is_a_named_fault_and_any_other_is_ignored() {
        use std::os::unix::ffi::OsStringExt as _;
        let bad = || OsString::from_vec(vec![b'k', 0xff]);
        let environment = Environment::of_os(
            [
                (OsString::from("RUNPOD_POD_ID"), bad()),
                (OsString::from("LS_COLORS"), bad()),
                (bad(), OsString::from("x")),
            ]
            .into_iter(),
        );
        let faults: Vec<_> = environment
            .faults()
            .map(|fault| fault.to_string())
            .collect();
        assert_eq!(
            faults,
            ["RUNPOD_POD_ID: the value is not valid UTF-8; expected text; set it again"]
        );
        assert_eq!(environment.get("LS_COLORS"), None);
    }

    #[test]
    fn what_is_shown_of_an_environment_has_no_values() {
        let environment = Environment::of([("RUNPOD_AI_API_KEY", "rpa_SECRET")]);
        assert_eq!(
            format!("{environment:?}"),
            r#"Environment(["RUNPOD_AI_API_KEY"])"#
        );
    }
}
