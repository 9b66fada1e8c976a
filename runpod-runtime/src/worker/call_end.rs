//! Turns the outcome of a handler's call into the body of the job's result.

use super::consecutive_failures::Verdict;
use super::jobs::Job;
use crate::handler::{Done, Failure, Handler, ItemSink, StreamEnd};
use crate::platform::{Outcome, Reporter, ResultBody};

/// The outcome of a handler's call.
pub(super) struct CallEnd<'a> {
    pub(super) handler: &'a Handler,
    pub(super) job: &'a Job,
    pub(super) done: Result<Done, Failure>,
    pub(super) was_called: bool,
    pub(super) items: Option<ItemSink>,
}

impl CallEnd<'_> {
    /// Writes the body of the job's result. `refresh` says whether the worker refreshes after every job.
    pub(super) fn into_body(self, reporter: &Reporter, refresh: bool) -> (ResultBody, Verdict) {
        // Tasks that the handler has started must not send anything after the result.
        self.job.context.close_outbox();
        #[cfg(feature = "openai")]
        let (done, was_reported) = match self.done {
            Ok(Done::Reported { value, failure }) => {
                let is_own_fault = failure.is_of_worker();
                if is_own_fault {
                    let failure = failure.at(format!("in handler {}", self.handler));
                    let trace = failure.trace.join("\n  ");
                    let message = reporter.redacted(&failure.message).into_owned();
                    tracing::error!("{message}\n  {}", reporter.redacted(&trace));
                }
                let done = value.map_or(Done::Stream(StreamEnd::Finished), Done::Value);
                (Ok(done), is_own_fault)
            }
            done => (done, false),
        };
        #[cfg(not(feature = "openai"))]
        let (done, was_reported) = (self.done, false);
        let outcome = match done {
            #[cfg(feature = "openai")]
            Ok(Done::Reported { failure, .. }) => Outcome::Failed(failure),
            Ok(Done::Value(value)) => Outcome::Value(value),
            Ok(Done::Stream(StreamEnd::Failed(failure))) | Err(failure) => {
                Outcome::Failed(failure.at(format!("in handler {}", self.handler)))
            }
            Ok(Done::Stream(end)) => Outcome::Stream {
                end,
                items: self.items.map_or_else(Vec::new, |it| it.collected()),
            },
        };
        let context = Some(&self.job.context);
        let was_cancelled = matches!(
            outcome,
            Outcome::Stream {
                end: StreamEnd::Cancelled,
                ..
            }
        );
        let body = reporter.result(outcome, self.handler.streams(), refresh, context);
        let verdict = if !self.was_called || was_cancelled {
            Verdict::None
        } else if body.error.is_some() || was_reported {
            Verdict::Failed
        } else {
            Verdict::Succeeded
        };
        (body, verdict)
    }
}
