//! The source of jobs and the destination of results: one trait and the types that its functions use.
//!
//! The worker knows nothing about HTTP, and a platform knows nothing about handlers or slots.

mod bodies;
mod broken_json;
mod debugger;
mod failed_start;
mod http;
pub(crate) mod large_result;
mod read_job;
#[cfg(feature = "http")]
pub(crate) mod serving;
mod several_jobs;
mod single_job;
mod unhealthy;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::config::LARGEST_RESULT;
use crate::handler::TakenJob;

pub(crate) use bodies::{
    Outcome, Reporter, ResultBody, error_type, item_body, message, progress_body, readable,
};
pub(crate) use failed_start::FailedStart;
pub(crate) use http::Runpod;
#[cfg(fuzzing)]
pub(crate) use http::fuzzing;
pub(crate) use read_job::read_job;
pub(crate) use several_jobs::SeveralJobs;
pub(crate) use single_job::{Recorded, SingleJob};
pub(crate) use unhealthy::Unhealthy;

/// The version in heartbeats, error reports and the `User-Agent` header.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A source of jobs, which also accepts their results.
pub(crate) trait Platform: Send + Sync + 'static {
    /// Asks for at most `want` jobs. The platform may hold the request for a long time. If this future is dropped while
    /// the platform hands over a job, that job is lost. So the worker drops the future only when it stops.
    fn take(&self, want: usize, in_progress: bool) -> BoxFuture<'_, TakeAnswer>;

    /// Asks which jobs to stop, and waits until there are any. Returns `None` if this platform has no such channel.
    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>>;

    /// Reports that the worker is alive and which jobs it has. Returns `None` if this platform wants no heartbeats.
    fn ping<'a>(&'a self, health: Health<'a>) -> Option<BoxFuture<'a, ()>>;

    /// Posts an item, a progress update or a result of a job.
    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted>;

    /// Notes that the worker has started to shut down and takes no more jobs.
    fn closing(&self) {}

    /// Returns why a result of this size may be refused, or `None` if its size is within the documented limits.
    fn is_too_large(&self, bytes: usize) -> Option<&'static str> {
        large_result::after_the_queue(bytes)
    }

    /// Returns the size in bytes beyond which results and stream items are not posted, because they would be refused.
    fn largest_result(&self) -> Option<usize> {
        Some(LARGEST_RESULT)
    }

    /// Returns whether the result of a stream repeats its items only for this platform. On Runpod, that result would be
    /// empty, so its size here does not matter.
    fn repeats_items_only_here(&self) -> bool {
        false
    }

    /// Returns how many posts may be in flight at once. By default, each post has a connection, and a process can have
    /// 1024 open files.
    fn most_posts(&self) -> usize {
        128
    }
}

/// Reports to the platform that the worker is broken. The platform's implementation limits the time.
pub(crate) async fn report(platform: &dyn Platform, unhealthy: &Unhealthy) {
    let health = Health::Unhealthy {
        check: &unhealthy.check,
        reason: &unhealthy.reason,
    };
    if let Some(ping) = platform.ping(health) {
        ping.await;
    }
}

/// The platform's answer to a job-take request.
pub(crate) enum TakeAnswer {
    Whole(Taken),
    /// The platform has started to hand over jobs, and this future reads them. If a job is lost here, its client
    /// never gets a result. So the future is awaited even if the worker is shutting down.
    Begun(BoxFuture<'static, Taken>),
}

impl TakeAnswer {
    /// Reads the answer to its end.
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

/// The outcome of a job-take request.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Jobs, each of them valid or broken.
    Jobs(Vec<Result<TakenJob, BrokenJob>>),
    /// There is no job at the moment.
    Nothing,
    /// There were too many requests. The next request must wait this long.
    Throttled(Duration),
    /// The request failed for this reason.
    Failed(String),
    /// There will be no more jobs.
    NoMore,
}

/// A job that cannot be run.
#[derive(Debug)]
pub(crate) struct BrokenJob {
    /// The job's id, if it has one. Its client then gets a failed result.
    pub(crate) id: Option<String>,
    pub(crate) reason: String,
}

/// The answer to a stop poll.
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

/// An item, a progress update or a result of a job that is sent to the platform. Sending it again is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) job_id: Arc<str>,
    /// The worker that ran the job. For a result from a spool, this may be another worker.
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

/// The outcome of a post.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Posted {
    Accepted,
    /// The post may succeed later. If the platform asked for a pause, `after` is its length.
    Later {
        why: String,
        after: Option<Duration>,
    },
    /// The platform does not know the job at the moment. A few more attempts make sense, but half an hour of attempts
    /// does not.
    UnknownJob {
        why: String,
    },
    /// The platform already has a result, or has forgotten the job permanently.
    NotWanted {
        why: String,
    },
    /// The post will never succeed as it is.
    Refused {
        why: String,
    },
}
