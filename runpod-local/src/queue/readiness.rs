//! Whether a worker takes jobs; if none does, why, as far as whoever starts the workers has told.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::Queue;
use super::book::Book;
use super::worker::{Presence, Worker};
use crate::text::one_line;

/// How many characters of a reason are kept.
const REASON: usize = 256;

/// What happens before a worker asks for its first job.
#[derive(Debug, Default)]
pub(super) struct Preparation {
    build: Build,
    /// Workers that were started and have not asked for a job.
    starting: HashSet<Arc<str>>,
    /// Why the last worker crashed, until one asks for a job.
    crash: Option<Arc<str>>,
}

#[derive(Debug, Default)]
enum Build {
    #[default]
    None,
    /// So many workers start when it is done.
    Running(usize),
    Failed(Arc<str>),
}

/// Whether a worker takes jobs, and if not, why not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    pub(crate) state: ReadyState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadyState {
    Ready,
    Building,
    /// A worker was started, or pings, and has not asked for a job.
    Loading,
    BuildFailed,
    Crashed,
    Unhealthy,
    #[default]
    NoWorker,
}

impl ReadyState {
    /// In the order in which they are looked for.
    pub(crate) const ALL: [Self; 7] = [
        Self::Ready,
        Self::Building,
        Self::Loading,
        Self::BuildFailed,
        Self::Crashed,
        Self::Unhealthy,
        Self::NoWorker,
    ];
}

impl Queue {
    pub(crate) fn build_started(&self, workers: usize) {
        self.book(|book, _| book.preparation.build = Build::Running(workers));
    }

    pub(crate) fn build_failed(&self, reason: &str) {
        self.book(|book, _| {
            book.preparation.build = Build::Failed(one_line(reason, REASON).into());
        });
    }

    pub(crate) fn build_finished(&self) {
        self.book(|book, _| book.preparation.build = Build::None);
    }

    pub(crate) fn worker_starts(&self, worker: &str) {
        self.book(|book, _| book.worker_starts(worker));
    }

    pub(crate) fn worker_crashed(&self, worker: &str, reason: &str) {
        self.book(|book, now| {
            book.worker_ended(worker, now);
            book.preparation.crash = Some(one_line(reason, REASON).into());
        });
    }
}

impl Preparation {
    /// The worker has asked for jobs, or for jobs to stop.
    pub(super) fn attached(&mut self, worker: &str) {
        self.starting.remove(worker);
        self.crash = None;
    }

    pub(super) fn ended(&mut self, worker: &str) {
        self.starting.remove(worker);
    }

    fn building(&self) -> usize {
        match self.build {
            Build::Running(workers) => workers,
            Build::None | Build::Failed(_) => 0,
        }
    }
}

impl Book {
    pub(super) fn worker_starts(&mut self, worker: &str) {
        let has_polled = self
            .workers
            .get(worker)
            .is_some_and(|worker| worker.presence != Presence::New);
        if !has_polled && !self.ended_workers.contains(worker) {
            self.preparation.starting.insert(worker.into());
        }
    }

    /// Workers that are being built, that load, or that make room for a fresh one. Those who say that they are unhealthy
    /// are counted as such.
    pub(super) fn initializing(&self) -> usize {
        let started = self.preparation.starting.iter().filter(|id| {
            let worker = self.workers.get(*id);
            worker.is_none_or(|worker| worker.unhealthy.is_none())
        });
        let others = self.workers.values().filter(|worker| {
            worker.is_initializing() && !self.preparation.starting.contains(&worker.id)
        });
        self.preparation
            .building()
            .saturating_add(started.count() + others.count())
    }

    pub(super) fn readiness(&self) -> Readiness {
        let Preparation { build, crash, .. } = &self.preparation;
        let takes_jobs =
            |worker: &Worker| worker.takes_jobs() && !self.leaving_workers.contains(&worker.id);
        if self.workers.values().any(takes_jobs) {
            return Readiness::of(ReadyState::Ready, None);
        }
        if matches!(build, Build::Running(_)) {
            return Readiness::of(ReadyState::Building, None);
        }
        if self.initializing() > 0 {
            return Readiness::of(ReadyState::Loading, crash.as_ref());
        }
        if let Build::Failed(reason) = build {
            return Readiness::of(ReadyState::BuildFailed, Some(reason));
        }
        if let Some(reason) = crash {
            return Readiness::of(ReadyState::Crashed, Some(reason));
        }
        let present = |worker: &&Worker| !worker.is_ghost();
        let mut unhealthy = self.workers.values().filter(present);
        match unhealthy.find_map(|worker| worker.unhealthy.as_ref()) {
            Some(reason) => Readiness::of(ReadyState::Unhealthy, Some(reason)),
            None => Readiness::default(),
        }
    }
}

impl Readiness {
    fn of(state: ReadyState, reason: Option<&Arc<str>>) -> Self {
        Self {
            state,
            reason: reason.cloned(),
        }
    }
}

impl Worker {
    /// It asks for jobs, and will not stop doing so.
    fn takes_jobs(&self) -> bool {
        self.presence == Presence::Polling && self.unhealthy.is_none() && !self.refreshing
    }

    /// It has not asked for a job, or makes room for a fresh one.
    pub(super) fn is_initializing(&self) -> bool {
        let is_preparing = self.refreshing || self.presence == Presence::New;
        is_preparing && !self.is_ghost() && self.unhealthy.is_none() && self.jobs.is_empty()
    }
}
