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
        let (done, own_verdict) = match self.done {
            Ok(Done::Reported { value, failure }) => {
                let verdict = if failure.is_of_worker() {
                    let failure = failure.at(format!("in handler {}", self.handler));
                    let trace = failure.trace.join("\n  ");
                    let message = reporter.redacted(&failure.message).into_owned();
                    tracing::error!("{message}\n  {}", reporter.redacted(&trace));
                    Verdict::Failed
                } else {
                    Verdict::None
                };
                let done = value.map_or(Done::Stream(StreamEnd::Finished), Done::Value);
                (Ok(done), Some(verdict))
            }
            // No function of the user was called.
            done if self.handler.is_reply => (done, Some(Verdict::None)),
            done => (done, None),
        };
        #[cfg(not(feature = "openai"))]
        let (done, own_verdict) = (self.done, None);
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
        } else if let Some(verdict) = own_verdict {
            verdict
        } else if body.error.is_some() {
            Verdict::Failed
        } else {
            Verdict::Succeeded
        };
        (body, verdict)
    }
}
