//! The faults to inject, as tests and the command line specify them.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::rule::{Outage, Rule};

/// The faults to inject. The default contains no faults. Parse faults from JSON with `str::parse` or
/// [`from_flag`](Self::from_flag).
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
/// `route` is the first word of the path (`run`, `status`, `job-take`, …), or `*` for all operations of both APIs. The
/// first rule that names a request's route applies. `delay_ms` delays every request by this number of milliseconds, or
/// by a time between two numbers. The maximum is 600,000.
///
/// The other keys are probabilities from 0 to 1. At most one of these faults happens to a request:
///
/// | key | fault |
/// | --- | --- |
/// | `error` | The request has no effect. The answer has the status `status`, which is 500 by default. |
/// | `reset_before` | The connection is reset before the request takes effect. |
/// | `reset_after` | The request takes effect, and then the connection is reset. |
/// | `malformed` | The answer is cut off in the middle of its JSON. |
/// | `flashboot` | A job-take request of a worker is answered with the status 400. |
///
/// An outage is timed from the start of the endpoint, or from the moment when these faults were set. During an outage,
/// connections are reset or, with `status`, requests are answered with that status. With `route`, the outage affects
/// only that operation.
///
/// Faults never affect the page or `/local/faults`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Faults {
    pub(super) seed: u64,
    pub(super) rules: Vec<Rule>,
    pub(super) outages: Vec<Outage>,
}

/// The error for a wrong description of faults. It lists all problems and their places.
///
/// ```
/// use runpod_local::Faults;
///
/// let wrong = r#"{"rules": [{"route": "stauts", "error": 1.5}]}"#.parse::<Faults>().unwrap_err();
/// let text = wrong.to_string();
/// assert!(text.contains("rules[0].error: 1.5 is not between 0 and 1"));
/// assert!(text.contains("rules[0].route: \"stauts\" is not a route"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultsError(pub(super) String);

impl Faults {
    /// Parses the value of a flag: JSON, or the path of a file with JSON.
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
    /// Fails if the file cannot be read or the description is wrong. The error lists all problems and their places.
    pub fn from_flag(flag: &str) -> Result<Self, FaultsError> {
        if flag.trim_start().starts_with('{') {
            return flag.parse();
        }
        let file = Path::new(flag);
        let text = std::fs::read_to_string(file).map_err(|error| {
            FaultsError(format!(
                "{}: {error}; expected JSON such as {{\"rules\": [{{\"route\": \"status\", \"error\": 0.1}}]}}, or the \
                 path of a file with such JSON",
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
