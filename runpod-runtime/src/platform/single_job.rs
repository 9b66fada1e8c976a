//! A platform with a single job, for local test runs and for users' own tests. It records everything that is posted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::{BoxFuture, Health, Platform, Post, PostKind, Posted, StopSignals, TakeAnswer, Taken};
use crate::config::LARGEST_RESULT;
use crate::handler::TakenJob;

#[derive(Debug)]
pub(crate) struct SingleJob {
    id: String,
    job: Mutex<Option<TakenJob>>,
    /// Cancelled when the job is to be stopped.
    stop: Option<CancellationToken>,
    recorded: Mutex<Recorded>,
    largest_result: usize,
    repeats_items_only_here: bool,
    /// Whether to log items and progress updates when they arrive.
    shown: bool,
}

/// The output of a job's handler, as the JSON bodies that a platform would have received.
#[derive(Debug, Default, Clone)]
pub(crate) struct Recorded {
    pub(crate) items: Vec<String>,
    pub(crate) progress: Vec<String>,
    pub(crate) result: Option<String>,
}

impl SingleJob {
    pub(crate) fn new(job: TakenJob, shown: bool) -> Self {
        Self {
            id: job.id.clone(),
            job: Mutex::new(Some(job)),
            stop: None,
            recorded: Mutex::default(),
            largest_result: LARGEST_RESULT,
            repeats_items_only_here: false,
            shown,
        }
    }

    /// Makes the platform stop the job when `stop` is cancelled.
    pub(crate) fn stopped_by(mut self, stop: CancellationToken) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Sets the size in bytes beyond which results and stream items are not posted.
    pub(crate) fn limited_to(mut self, bytes: usize) -> Self {
        self.largest_result = bytes;
        self
    }

    /// Sets whether the result of a stream repeats its items only in this run, and not on Runpod.
    pub(crate) fn repeating_items_only_here(mut self, only_here: bool) -> Self {
        self.repeats_items_only_here = only_here;
        self
    }

    pub(crate) fn recorded(&self) -> Recorded {
        self.record().clone()
    }

    fn record(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platform for SingleJob {
    fn take(&self, _want: usize, _in_progress: bool) -> BoxFuture<'_, TakeAnswer> {
        let job = self
            .job
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let taken = match job {
            Some(job) => Taken::Jobs(vec![Ok(job)]),
            None => Taken::NoMore,
        };
        Box::pin(std::future::ready(taken.into()))
    }

    /// Repeats the signal until the worker ends, because the worker ignores a signal for a job that it has not taken
    /// yet.
    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>> {
        let stop = self.stop.as_ref()?;
        Some(Box::pin(async {
            stop.cancelled().await;
            StopSignals::Stop(vec![self.id.clone()])
        }))
    }

    fn ping(&self, _health: Health<'_>) -> Option<BoxFuture<'_, ()>> {
        None
    }

    fn largest_result(&self) -> Option<usize> {
        Some(self.largest_result)
    }

    fn repeats_items_only_here(&self) -> bool {
        self.repeats_items_only_here
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted> {
        let body = String::from_utf8_lossy(&post.body).into_owned();
        let mut recorded = self.record();
        match post.kind {
            PostKind::Item => {
                if self.shown {
                    tracing::info!(job_id = &*post.job_id, "Stream item: {body}");
                }
                recorded.items.push(body);
            }
            PostKind::Progress => {
                if self.shown {
                    tracing::info!(job_id = &*post.job_id, "Progress: {body}");
                }
                recorded.progress.push(body);
            }
            PostKind::Result { .. } => recorded.result = Some(body),
        }
        drop(recorded);
        Box::pin(std::future::ready(Posted::Accepted))
    }
}
