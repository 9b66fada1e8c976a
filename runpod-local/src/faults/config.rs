//! Which faults are injected, as tests and the command line give them.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::rule::{Outage, Rule};

/// Which faults are injected; none by default. Read from JSON, with `str::parse` or [`from_flag`](Self::from_flag).
///
/// ```
/// use runpod_local::{Endpoint, Faults};
///
/// let faults: Faults = r#"{
///     "seed": 7,
///     "rules": [
///         {"route": "job-done", "error": 0.1, "status": 503, "reset_after": 0.05},
///         {"route": "*", "delay_ms": [10, 50]}
///     ],
///     "outages": [{"from_s": 2, "for_s": 5}]
/// }"#.parse()?;
/// let endpoint = Endpoint::new().faults(faults);
/// # drop(endpoint);
/// # Ok::<(), runpod_local::FaultsError>(())
/// ```
///
/// `route` is the first word of the path (`run`, `status`, `job-take`, …), or `*` for all of both APIs; the first rule
/// that names a request's route is the one that holds. The rest is likelihoods from 0 to 1, at most one of which comes
/// true for a request: `error` (it is answered with `status`, 500 unless said, and not acted on), `reset_before` and
/// `reset_after` (the connection is reset, before or after the request was acted on), `malformed` (the answer is cut
/// off in the middle of its JSON), `flashboot` (a worker that asks for jobs is answered 400). `delay_ms` holds up every
/// request, by so many milliseconds, or by a time from the first to the second number; 600,000 at most.
///
/// During an outage, counted from the start of the endpoint or from the moment these faults were set, connections are
/// reset, or with a `status` answered with it; a `route` narrows it down.
///
/// The page, and `/local/faults`, have no faults.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Faults {
    pub(super) seed: u64,
    pub(super) rules: Vec<Rule>,
    pub(super) outages: Vec<Outage>,
}

/// What is wrong with a description of faults, and where: all of it at once.
///
/// ```
/// use runpod_local::Faults;
///
/// let wrong = r#"{"rules": [{"route": "stauts", "error": 1.5}]}"#.parse::<Faults>().unwrap_err();
/// let text = wrong.to_string();
/// assert!(text.contains("rules[0].error: 1.5 is not from 0 to 1"));
/// assert!(text.contains("rules[0].route: there is no \"stauts\""));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultsError(pub(super) String);

impl Faults {
    /// Reads a flag's value: JSON, or the path of a file with it.
    ///
    /// ```
    /// use runpod_local::Faults;
    ///
    /// let faults = Faults::from_flag(r#"{"rules": [{"route": "*", "delay_ms": 100}]}"#)?;
    /// assert_ne!(faults, Faults::default());
    ///
    /// let error = Faults::from_flag("no-such-file.json").unwrap_err();
    /// assert!(error.to_string().starts_with("no-such-file.json: "));
    /// # Ok::<(), runpod_local::FaultsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The file cannot be read, or what it says is wrong: all that is wrong, each with its place.
    pub fn from_flag(flag: &str) -> Result<Self, FaultsError> {
        if flag.trim_start().starts_with('{') {
            return flag.parse();
        }
        let file = Path::new(flag);
        let text = std::fs::read_to_string(file).map_err(|error| {
            FaultsError(format!(
                "{}: {error}; expected JSON such as {{\"rules\": [{{\"route\": \"status\", \"error\": 0.1}}]}}, or the \
                 path of a file with it",
                file.display()
            ))
        })?;
        text.parse()
            .map_err(|error| FaultsError(format!("{}: {error}", file.display())))
    }

    pub(super) fn is_none(&self) -> bool {
        self.rules.is_empty() && self.outages.is_empty()
    }
}

impl fmt::Display for FaultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultsError {}
