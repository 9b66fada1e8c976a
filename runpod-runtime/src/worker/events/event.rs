//! The list of events.

use std::time::Duration;

use crate::handler::{EndedCall, Slots, TakenJob};
use crate::platform::{Post, Posted, ResultBody, Taken};

/// Something that has happened in a worker.
#[cfg_attr(
    not(all(feature = "metrics", feature = "otel")),
    expect(
        dead_code,
        reason = "only the features `metrics` and `otel` read some of the fields"
    )
)]
pub(crate) enum WorkerEvent<'a> {
    /// A phase of the start is over.
    StartPhase { phase: &'static str, took: Duration },
    /// The platform has answered a job-take request completely.
    TakeAnswered { taken: &'a Taken, took: Duration },
    /// A job has arrived that this worker can run.
    JobTaken { job: &'a TakenJob },
    /// A job has arrived that cannot be run. Its client gets a failed result.
    JobRefused {
        job_id: &'a str,
        body: &'a ResultBody,
    },
    /// A job's handler is about to be called. Emitted on the handler's thread, in the job's span.
    JobStarted { run: JobRun<'a>, waited: Duration },
    /// A job's handler has returned. Emitted on the handler's thread, in the job's span, before the worker gets the
    /// result.
    HandlerReturned { body: &'a ResultBody },
    /// A job's handler has returned, or the job was cut off.
    JobFinished {
        run: JobRun<'a>,
        body: &'a ResultBody,
    },
    /// The result of a job is larger than the platform's documented limit.
    LargeResult {
        job_id: &'a str,
        bytes: usize,
        why: &'static str,
    },
    /// The platform does not want the job any more, and its handler has not returned.
    JobStopped { run: JobRun<'a>, was_started: bool },
    /// The job's result was replaced by a failed one, because not everything could be delivered.
    ResultReplaced {
        job_id: &'a str,
        body: &'a ResultBody,
    },
    /// The platform has answered a post: a result, an item or a progress update.
    PostAnswered {
        post: &'a Post,
        posted: &'a Posted,
        took: Duration,
    },
    /// A post was not accepted and is tried again after this pause.
    PostRetried {
        post: &'a Post,
        pause: Duration,
        why: &'a str,
    },
    /// The platform has accepted the result of a job. `ran` is false if no handler has seen the job.
    ResultAccepted { job_id: &'a str, ran: bool },
    /// Nothing is left to do for a job. This is its last event.
    JobLeft { job_id: &'a str },
    /// A result from the spool was delivered.
    Redelivered { job_id: &'a str },
    /// Slots were taken or released, or their number has changed.
    SlotsChanged { slots: &'a Slots },
    /// From now on, another number of jobs may run at once.
    ConcurrencyChanged {
        from: usize,
        to: usize,
        why: &'static str,
    },
    /// A call of a batch handler has ended.
    BatchCalled {
        handler: &'a str,
        call: &'a EndedCall,
    },
    /// A job asked for a fresh worker.
    Refresh,
    /// Too many jobs in a row have failed.
    Broken { reason: &'a str },
    /// The worker stops, and this many jobs are not finished.
    Draining { jobs: usize },
    /// The grace time is over, and this many jobs were cut off.
    CutOff { jobs: usize },
}

/// A job that has run, or that waited for a slot.
#[cfg_attr(
    not(any(feature = "metrics", feature = "otel")),
    expect(
        dead_code,
        reason = "only the features `metrics` and `otel` read some of the fields"
    )
)]
#[derive(Clone, Copy)]
pub(crate) struct JobRun<'a> {
    pub(crate) id: &'a str,
    /// The name of its handler. `None` if the handler was not called.
    pub(crate) handler: Option<&'a str>,
    /// The time since the handler was called.
    pub(crate) ran: Duration,
}
