//! Runs a handler, on the handlers' runtime, to the body of its result.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::deliver::item_bodies;
use super::failures::Verdict;
use super::on_disk::OnDisk;
use crate::handler::{Call, Done, Handler, Outbox, StreamEnd, catch_panic};
use crate::platform::spool::Record;
use crate::platform::{Outcome, Reporter, ResultBody};

/// What a handler needs to run, and what its result goes with.
pub(super) struct Run {
    pub(super) handler: Arc<Handler>,
    pub(super) call: Call,
    pub(super) outbox: Outbox,
    pub(super) reporter: Reporter,
    /// The worker is to be fresh after every job.
    pub(super) refresh: bool,
    /// The copy that the result is to have.
    pub(super) on_disk: OnDisk,
    pub(super) worker_id: Arc<str>,
}

/// What came of a job.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) body: Bytes,
    /// Whether it asks for a fresh worker.
    pub(super) stop_pod: bool,
    /// How the handler did.
    pub(super) verdict: Verdict,
    /// What it says about a failure, for the log.
    pub(super) error: Option<Said>,
    /// Its copy, which is being written.
    pub(super) on_disk: OnDisk,
}

/// A failure for the log.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) text: String,
    /// Where the text repeats something of the job.
    pub(super) without_data: Option<String>,
}

impl Made {
    pub(super) fn of(body: ResultBody, verdict: Verdict, on_disk: OnDisk) -> Self {
        let without_data = body.without_data;
        Self {
            stop_pod: body.stop_pod,
            verdict,
            error: body.error.map(|text| Said { text, without_data }),
            on_disk,
            body: body.body,
        }
    }
}

impl Run {
    /// Runs the handler; whatever it does, there is a result. It is handed over first and written to disk then, before
    /// anything else gets this thread: so a disk that hangs can hold up nothing but the copy.
    pub(super) async fn result_into(self, made: oneshot::Sender<Made>) {
        let Self {
            handler, mut call, ..
        } = self;
        let job_id = call.job.id.clone();
        let context = call.context.clone();
        let items = call.items.clone();
        let slot = Arc::clone(&call.slot);
        let mut was_called = false;
        let done = catch_panic(async {
            let running = (handler.call)(&mut call)?;
            drop(call);
            was_called = true;
            running.finish(items.clone(), slot).await
        })
        .await;
        let outcome = match done {
            Ok(Done::Value(value)) => Outcome::Value(value),
            Ok(Done::Stream(StreamEnd::Failed(failure))) | Err(failure) => {
                Outcome::Failed(failure.at(format!("in handler {handler}")))
            }
            Ok(Done::Stream(end)) => Outcome::Stream {
                end,
                items: items.collected(),
            },
        };
        let was_cancelled = matches!(
            outcome,
            Outcome::Stream {
                end: StreamEnd::Cancelled,
                ..
            }
        );
        let streaming = handler.streams();
        let body = self
            .reporter
            .result(outcome, streaming, self.refresh, Some(&context));
        let verdict = if !was_called || was_cancelled {
            Verdict::None
        } else if body.error.is_some() {
            Verdict::Failed
        } else {
            Verdict::Succeeded
        };
        // Nothing of the job leaves any more: what is undelivered now is all of it.
        self.outbox.close();

        let on_disk = self.on_disk;
        let result = Made::of(body, verdict, on_disk.clone());
        let body = result.body.clone();
        if made.send(result).is_err() {
            // The job was stopped: nobody wants its result.
            return;
        }
        on_disk.write(|| Record {
            job_id,
            worker_id: self.worker_id.to_string(),
            is_stream: streaming,
            items: item_bodies(&self.outbox.undelivered()),
            body,
        });
    }
}
