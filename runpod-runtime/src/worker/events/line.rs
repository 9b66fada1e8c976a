//! The line of an event: its level, its job and its text. The log and the local endpoint show the same lines.

use std::fmt;

use tracing::Level;

use super::event::WorkerEvent;
use crate::platform::{Post, PostKind, ResultBody, Taken};

/// The line of an event. The event itself is the text.
pub(super) struct Line<'a> {
    /// The kind of the event, for programs.
    #[cfg_attr(
        not(feature = "local"),
        expect(dead_code, reason = "only the local endpoint shows it")
    )]
    pub(super) name: &'static str,
    pub(super) level: Level,
    pub(super) job_id: Option<&'a str>,
    pub(super) readers: Readers,
}

/// The readers of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    All,
    Log,
    /// The local endpoint. The log has another line that includes this one.
    Endpoint,
}

impl<'a> Line<'a> {
    /// Returns the event's line, if it has one.
    pub(super) fn of(event: &'a WorkerEvent<'_>) -> Option<Self> {
        use Readers::{All, Endpoint, Log};
        let line = |name, level, job_id, readers| {
            Some(Self {
                name,
                level,
                job_id,
                readers,
            })
        };
        match event {
            WorkerEvent::StartPhase { .. } => line("start_phase", Level::INFO, None, Endpoint),
            WorkerEvent::TakeAnswered { taken, .. } => match taken {
                Taken::Throttled(_) => line("take_throttled", Level::DEBUG, None, All),
                Taken::Failed(_) => line("take_failed", Level::WARN, None, All),
                Taken::Jobs(_) | Taken::Nothing | Taken::NoMore => None,
            },
            // The log has one line for all refused jobs of an answer.
            WorkerEvent::JobRefused { job_id, .. } => {
                line("job_failed", Level::ERROR, Some(job_id), Endpoint)
            }
            // The span of the job has its id. The endpoint knows by itself when jobs start and finish.
            WorkerEvent::JobStarted { .. } => line("job_started", Level::INFO, None, Log),
            WorkerEvent::ResultAccepted { job_id, ran: true } => {
                line("job_finished", Level::INFO, Some(job_id), Log)
            }
            WorkerEvent::JobFinished { run, body } => {
                body.error.as_ref()?;
                line("job_failed", Level::ERROR, Some(run.id), All)
            }
            WorkerEvent::ResultReplaced { job_id, body } => {
                body.error.as_ref()?;
                line("job_failed", Level::ERROR, Some(job_id), All)
            }
            WorkerEvent::LargeResult { job_id, .. } => {
                line("large_result", Level::WARN, Some(job_id), All)
            }
            WorkerEvent::JobStopped { run, .. } => {
                line("job_stopped", Level::INFO, Some(run.id), All)
            }
            WorkerEvent::PostRetried { post, .. } => {
                let level = match post.kind {
                    PostKind::Progress => Level::DEBUG,
                    PostKind::Item | PostKind::Result { .. } => Level::WARN,
                };
                line("post_retried", level, Some(&post.job_id), All)
            }
            WorkerEvent::Redelivered { job_id } => {
                line("redelivered", Level::INFO, Some(job_id), All)
            }
            WorkerEvent::ConcurrencyChanged { .. } => {
                line("concurrency_changed", Level::DEBUG, None, All)
            }
            WorkerEvent::BatchCalled { .. } => line("batch_called", Level::DEBUG, None, Log),
            WorkerEvent::Refresh => line("refresh", Level::INFO, None, All),
            WorkerEvent::Broken { .. } => line("broken", Level::ERROR, None, All),
            WorkerEvent::Draining { .. } => line("draining", Level::INFO, None, All),
            WorkerEvent::CutOff { .. } => line("cut_off", Level::WARN, None, All),
            // A worker at a normal pace must not write a line for each of these.
            WorkerEvent::JobTaken { .. }
            | WorkerEvent::HandlerReturned { .. }
            | WorkerEvent::JobLeft { .. }
            | WorkerEvent::PostAnswered { .. }
            | WorkerEvent::ResultAccepted { ran: false, .. }
            | WorkerEvent::SlotsChanged { .. } => None,
        }
    }
}

impl fmt::Display for WorkerEvent<'_> {
    /// Writes the text of the event's line. Events without a line have no text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartPhase { phase, took } => {
                write!(
                    f,
                    "The start phase `{phase}` took {:.2} s.",
                    took.as_secs_f64()
                )
            }
            Self::TakeAnswered { taken, .. } => match taken {
                Taken::Throttled(pause) => write!(
                    f,
                    "too many job-take requests: the next one follows in {pause:?}"
                ),
                Taken::Failed(why) => write!(f, "no job could be taken: {why}"),
                Taken::Jobs(_) | Taken::Nothing | Taken::NoMore => Ok(()),
            },
            Self::JobStarted { .. } => f.write_str("Started."),
            Self::ResultAccepted { .. } => f.write_str("Finished."),
            Self::JobRefused { body, .. }
            | Self::JobFinished { body, .. }
            | Self::ResultReplaced { body, .. } => {
                write!(f, "Job failed: {}", shown_error(body).unwrap_or_default())
            }
            Self::LargeResult { bytes, why, .. } => write!(
                f,
                "the result has {bytes} bytes. {why}. Upload the data, and return its URL"
            ),
            Self::JobStopped {
                was_started: false, ..
            } => f.write_str("Job stopped before it started."),
            Self::JobStopped {
                was_started: true, ..
            } => f.write_str("Job stopped."),
            Self::PostRetried { post, pause, why } => retried(f, post, pause.as_millis(), why),
            Self::Redelivered { .. } => f.write_str("A kept result was delivered."),
            Self::ConcurrencyChanged { from, to, why } => {
                write!(f, "concurrency changes from {from} to {to}: {why}")
            }
            Self::BatchCalled { call, .. } => {
                let (jobs, took, outcome) = (call.waits.len(), call.took, call.outcome.name());
                write!(f, "a call with {jobs} jobs {outcome} after {took:?}")
            }
            Self::Refresh => f.write_str("taking no more jobs: this worker will be refreshed"),
            Self::Broken { reason } => write!(f, "this worker is broken: {reason}"),
            Self::Draining { jobs } => write!(f, "finishing {jobs} jobs before the worker stops"),
            Self::CutOff { jobs } => {
                write!(f, "{jobs} jobs were cut off: the grace time is over")
            }
            Self::JobTaken { .. }
            | Self::HandlerReturned { .. }
            | Self::JobLeft { .. }
            | Self::PostAnswered { .. }
            | Self::SlotsChanged { .. } => Ok(()),
        }
    }
}

/// Returns the error, without data from the job if there is such a version of it.
fn shown_error(body: &ResultBody) -> Option<&str> {
    body.without_data.as_deref().or(body.error.as_deref())
}

fn retried(f: &mut fmt::Formatter<'_>, post: &Post, pause_ms: u128, why: &str) -> fmt::Result {
    let what = match post.kind {
        PostKind::Progress => return write!(f, "a progress update was not accepted: {why}"),
        PostKind::Item => "a stream item",
        PostKind::Result { .. } => "the result",
    };
    write!(
        f,
        "{what} was not accepted; the next attempt follows in {pause_ms} ms or more: {why}"
    )
}
