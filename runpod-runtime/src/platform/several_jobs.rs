//! A platform with several jobs, which a worker takes at once, for users' own tests of batch handlers.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::single_job::Recorded;
use super::{BoxFuture, Health, Platform, Post, PostKind, Posted, StopSignals, TakeAnswer, Taken};
use crate::handler::TakenJob;

#[derive(Debug)]
pub(crate) struct SeveralJobs {
    jobs: Mutex<Vec<TakenJob>>,
    recorded: Mutex<BTreeMap<String, Recorded>>,
}

impl SeveralJobs {
    pub(crate) fn new(jobs: Vec<TakenJob>) -> Self {
        Self {
            jobs: Mutex::new(jobs),
            recorded: Mutex::default(),
        }
    }

    /// Returns everything that was posted for a job.
    pub(crate) fn recorded(&self, id: &str) -> Recorded {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.get(id).cloned().unwrap_or_default()
    }
}

impl Platform for SeveralJobs {
    fn take(&self, _want: usize, _in_progress: bool) -> BoxFuture<'_, TakeAnswer> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match std::mem::take(&mut *jobs) {
            jobs if jobs.is_empty() => Taken::NoMore,
            jobs => Taken::Jobs(jobs.into_iter().map(Ok).collect()),
        };
        Box::pin(std::future::ready(taken.into()))
    }

    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>> {
        None
    }

    fn ping(&self, _health: Health<'_>) -> Option<BoxFuture<'_, ()>> {
        None
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted> {
        let body = String::from_utf8_lossy(&post.body).into_owned();
        let mut all = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = all.entry(post.job_id.to_string()).or_default();
        match post.kind {
            PostKind::Item => recorded.items.push(body),
            PostKind::Progress => recorded.progress.push(body),
            PostKind::Result { .. } => recorded.result = Some(body),
        }
        drop(all);
        Box::pin(std::future::ready(Posted::Accepted))
    }
}
