//! How calls end, for their jobs and for the worker.

use std::time::Duration;

use super::schedule::TooHeavy;
use crate::process::panics::Panic;

/// Why a call gave a job no result.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Panicked(Panic),
    /// The call returned this many results for this many jobs.
    WrongLength {
        results: usize,
        jobs: usize,
    },
    /// The system refused a thread.
    Refused(String),
    Shutdown,
}

/// Why a job left without a result.
#[derive(Debug, Clone)]
pub(crate) enum Left {
    TooHeavy(TooHeavy),
    /// The fault, and the number of jobs in the call.
    Fault(Fault, usize),
}

/// A call that has ended.
#[derive(Debug)]
pub(crate) struct EndedCall {
    /// For each job, the time from when it joined the batch until the call.
    pub(crate) waits: Vec<Duration>,
    /// The time until the user's function has returned.
    pub(crate) took: Duration,
    pub(crate) outcome: CallOutcome,
}

impl EndedCall {
    /// Returns `None` if the call has no jobs.
    pub(crate) fn with(waits: Vec<Duration>, took: Duration, outcome: CallOutcome) -> Option<Self> {
        let call = Self {
            waits,
            took,
            outcome,
        };
        (!call.waits.is_empty()).then_some(call)
    }
}

/// How a call has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// There is one result for each job, which may be an error.
    Completed,
    /// The call failed as a whole.
    Failed,
    /// All its jobs were cancelled.
    Cancelled,
}

impl CallOutcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
