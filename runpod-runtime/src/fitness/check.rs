//! A check before it has run, and its row in the result.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::handler::{Failure, Hook, HookOutcome, HookRun, StateCell};
use crate::platform::Unhealthy;

/// The time limit of a user's check that sets none.
const LONGEST: Duration = Duration::from_mins(1);
/// The type of a built-in check's error. The SDK's checks raise a `RuntimeError`.
const ERROR_TYPE: &str = "RuntimeError";

/// A check that has not run yet.
pub(crate) struct Check {
    pub(super) name: Cow<'static, str>,
    /// The file and line of a user's check.
    pub(super) place: Option<String>,
    pub(super) limit: Duration,
    /// The advice if the limit is too short.
    pub(super) remedy: String,
    pub(super) work: Work,
    /// Checks with the same lock run one after another.
    pub(super) turn: Option<Arc<Mutex<()>>>,
}

pub(super) enum Work {
    Run(Result<HookRun, Failure>),
    /// The check does not run, for this reason.
    Skipped(String),
}

impl Check {
    /// Creates a user's check.
    pub(crate) fn of_hook(hook: &Hook, state: Option<&StateCell>) -> Self {
        Self {
            name: hook.name.clone().into(),
            place: hook.place.clone(),
            limit: hook.limit.unwrap_or(LONGEST),
            remedy: match hook.place {
                Some(_) => "the option `timeout_s` sets the limit".to_owned(),
                None => "only an attribute can set another limit (`timeout_s`)".to_owned(),
            },
            work: Work::Run(hook.call(state)),
            turn: None,
        }
    }

    /// Creates a built-in check that runs on a thread that may block. `variable` sets its time limit, if any does.
    pub(super) fn blocking(
        name: &'static str,
        limit: Duration,
        variable: Option<&str>,
        check: impl FnOnce() -> Result<String, Unfit> + Send + 'static,
    ) -> Self {
        let run = HookRun::blocking(|| outcome(check()));
        Self::built_in(name, limit, variable, Work::Run(Ok(run)))
    }

    /// Creates a built-in check that does not block.
    pub(super) fn future(
        name: &'static str,
        limit: Duration,
        variable: Option<&str>,
        check: impl Future<Output = Result<String, Unfit>> + Send + 'static,
    ) -> Self {
        let run = HookRun::future(async { outcome(check.await) });
        Self::built_in(name, limit, variable, Work::Run(Ok(run)))
    }

    /// Creates a built-in check that does not run.
    pub(super) fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self::built_in(name, Duration::ZERO, None, Work::Skipped(why.into()))
    }

    fn built_in(name: &'static str, limit: Duration, variable: Option<&str>, work: Work) -> Self {
        Self {
            name: name.into(),
            place: None,
            limit,
            remedy: match variable {
                Some(variable) => format!("{variable} sets the limit"),
                None => "the limit is fixed".to_owned(),
            },
            work,
            turn: None,
        }
    }

    /// Makes the check wait for all earlier checks with the same lock.
    #[cfg(feature = "gpu")]
    pub(super) fn in_turn(mut self, turn: &Arc<Mutex<()>>) -> Self {
        self.turn = Some(Arc::clone(turn));
        self
    }
}

fn outcome(found: Result<String, Unfit>) -> HookOutcome {
    found.map_err(|unfit| Failure::new(ERROR_TYPE, unfit.to_string()))
}

/// Why a built-in check failed: what it found, what it expected, and what the user can do.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("found {found}, expected {expected}; {remedy}")]
pub(super) struct Unfit {
    pub(super) found: String,
    pub(super) expected: String,
    pub(super) remedy: String,
}

/// A check that has run.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: Cow<'static, str>,
    pub(crate) place: Option<String>,
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
}

/// The result of a check.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The check found this. The text is empty for a user's check.
    Passed(String),
    Failed(Failure),
    /// The check did not run, for this reason.
    Skipped(String),
}

impl Row {
    pub(crate) fn has_passed(&self) -> bool {
        matches!(self.verdict, Verdict::Passed(_))
    }

    /// Returns the report if the check failed.
    pub(crate) fn unhealthy(&self) -> Option<Unhealthy> {
        let Verdict::Failed(failure) = &self.verdict else {
            return None;
        };
        let mut reason = format!("{}: {}", failure.error_type, failure.message);
        for line in &failure.trace {
            reason.push_str("; ");
            reason.push_str(line);
        }
        if let Some(place) = &self.place {
            reason.push_str(" (");
            reason.push_str(place);
            reason.push(')');
        }
        Some(Unhealthy {
            check: self.name.clone(),
            reason,
        })
    }
}
