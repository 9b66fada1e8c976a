//! Where jobs come from and results go: one trait, and the types of its functions.
//!
//! The worker knows no HTTP; a platform knows no handlers and no slots.

mod bodies;
mod broken_json;
mod debugger;
mod http;
mod read_job;
mod single_job;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::handler::TakenJob;

pub(crate) use bodies::{
    Outcome, Reporter, ResultBody, error_type, item_body, message, progress_body, readable,
};
pub(crate) use http::Runpod;
#[cfg(fuzzing)]
pub(crate) use http::fuzzing;
pub(crate) use read_job::read_job;
pub(crate) use single_job::SingleJob;

/// The version that heartbeats, error reports and the `User-Agent` name.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A source of jobs that takes their results.
pub(crate) trait Platform: Send + Sync + 'static {
    /// Asks for at most `want` jobs; the platform may hold the request for long. If this future is dropped, a job that the
    /// platform is handing over is lost, so the worker drops it only when it ends.
    fn take(&self, want: usize, in_progress: bool) -> BoxFuture<'_, TakeAnswer>;

    /// Waits for jobs to stop. Nothing when this platform has no such channel.
    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>>;

    /// Says that the worker lives and which jobs it has. Nothing when this platform wants no heartbeat.
    fn ping<'a>(&'a self, health: Health<'a>) -> Option<BoxFuture<'a, ()>>;

    /// Hands over something of a job.
    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted>;
}

/// The platform's answer to a take.
pub(crate) enum TakeAnswer {
    Whole(Taken),
    /// The platform has begun to hand jobs over, and this future reads them. A job that is lost here is lost for its client,
    /// so the future is awaited even if the worker is shutting down.
    Begun(BoxFuture<'static, Taken>),
}

impl TakeAnswer {
    /// The answer, read to its end.
    pub(crate) async fn read(self) -> Taken {
        match self {
            Self::Whole(taken) => taken,
            Self::Begun(reading) => reading.await,
        }
    }
}

impl From<Taken> for TakeAnswer {
    fn from(taken: Taken) -> Self {
        Self::Whole(taken)
    }
}

/// What a take brought.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Jobs, each whole or broken.
    Jobs(Vec<Result<TakenJob, BrokenJob>>),
    /// No job now.
    Nothing,
    /// Too many questions: ask again after this long.
    Throttled(Duration),
    /// The question failed, for this reason.
    Failed(String),
    /// There will be no further job.
    NoMore,
}

/// A job that cannot be run.
#[derive(Debug)]
pub(crate) struct BrokenJob {
    /// Its id, if it has one: then its client gets a failed result.
    pub(crate) id: Option<String>,
    pub(crate) reason: String,
}

/// The answer to a wait for stop signals.
#[derive(Debug)]
pub(crate) enum StopSignals {
    Stop(Vec<String>),
    Throttled(Duration),
    Failed(String),
}

/// The content of a heartbeat.
#[derive(Debug)]
pub(crate) enum Health<'a> {
    Working(&'a [String]),
    Unhealthy { check: &'a str, reason: &'a str },
}

/// Something of a job for the platform. Cheap to send again.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) job_id: Arc<str>,
    /// The worker that ran the job: another one than this worker if the result was kept in a spool.
    pub(crate) worker_id: Arc<str>,
    pub(crate) kind: PostKind,
    pub(crate) body: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PostKind {
    Item,
    Progress,
    Result { streaming: bool },
}

/// What became of a post.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Posted {
    Accepted,
    /// May work later. `after`: not earlier than that, if the platform asked for that.
    Later {
        why: String,
        after: Option<Duration>,
    },
    /// The platform does not know the job (now): worth a few more tries, not half an hour of them.
    UnknownJob {
        why: String,
    },
    /// The platform has its answer already, or has forgotten the job for good.
    NotWanted {
        why: String,
    },
    /// Will never work as it is.
    Refused {
        why: String,
    },
}
