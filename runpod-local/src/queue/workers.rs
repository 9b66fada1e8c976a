//! All workers, including those that are starting and those that have exited. Also whether one of them takes jobs and,
//! if none does, the reason that their owner has given.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::views::{Readiness, ReadyState, WorkerSummary};
use super::worker::{Presence, WorkerRecord};
use crate::text::one_line;

#[derive(Debug, Default)]
pub(super) struct Workers {
    pub(super) known: HashMap<Arc<str>, WorkerRecord>,
    /// Workers that get no more jobs, as their owner has requested.
    pub(super) leaving: HashSet<Arc<str>>,
    /// Workers that have exited, as their owner has reported.
    pub(super) ended: HashSet<Arc<str>>,
    /// The phase before the workers ask for their first jobs.
    pub(super) startup: Startup,
}

/// The number of characters of a reason that are kept.
const REASON: usize = 256;

/// The phase before a worker asks for its first job.
#[derive(Debug, Default)]
pub(super) struct Startup {
    build: Build,
    /// Workers that were started and have not asked for a job.
    starting: HashSet<Arc<str>>,
    /// The reason of the last crash, until a worker asks for a job.
    crash: Option<Arc<str>>,
}

#[derive(Debug, Default)]
enum Build {
    #[default]
    None,
    /// A build is in progress. This number of workers will start afterwards.
    Running(usize),
    Failed(Arc<str>),
}

impl Startup {
    /// Records that the worker has sent a job-take request or a stop poll.
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

    pub(super) fn build_started(&mut self, workers: usize) {
        self.build = Build::Running(workers);
    }

    pub(super) fn build_failed(&mut self, reason: &str) {
        self.build = Build::Failed(one_line(reason, REASON).into());
    }

    pub(super) fn build_finished(&mut self) {
        self.build = Build::None;
    }

    pub(super) fn crashed(&mut self, reason: &str) {
        self.crash = Some(one_line(reason, REASON).into());
    }
}

impl Workers {
    pub(super) fn starts(&mut self, worker: &str) {
        let has_polled = self
            .known
            .get(worker)
            .is_some_and(|worker| worker.presence != Presence::New);
        if !has_polled && !self.ended.contains(worker) {
            self.startup.starting.insert(worker.into());
        }
    }

    /// Returns the number of workers that are being built, are loading or will be replaced by a fresh one. Unhealthy
    /// workers are not included.
    pub(super) fn initializing(&self) -> usize {
        let started = self.startup.starting.iter().filter(|id| {
            let worker = self.known.get(*id);
            worker.is_none_or(|worker| worker.unhealthy.is_none())
        });
        let others = self.known.values().filter(|worker| {
            worker.is_initializing() && !self.startup.starting.contains(&worker.id)
        });
        self.startup
            .building()
            .saturating_add(started.count() + others.count())
    }

    pub(super) fn readiness(&self) -> Readiness {
        let Startup { build, crash, .. } = &self.startup;
        let takes_jobs =
            |worker: &WorkerRecord| worker.takes_jobs() && !self.leaving.contains(&worker.id);
        if self.known.values().any(takes_jobs) {
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
        let unhealthy = self.present().find_map(|worker| worker.unhealthy.as_ref());
        match unhealthy {
            Some(reason) => Readiness::of(ReadyState::Unhealthy, Some(reason)),
            None => Readiness::default(),
        }
    }

    /// Returns the workers that the page shows.
    pub(super) fn present(&self) -> impl Iterator<Item = &WorkerRecord> {
        self.known.values().filter(|worker| !worker.is_ghost())
    }

    pub(super) fn summary(&self, id: &str) -> Option<WorkerSummary> {
        let worker = self.known.get(id).filter(|worker| !worker.is_ghost())?;
        Some(worker.summary())
    }

    pub(super) fn summaries(&self) -> Vec<WorkerSummary> {
        let mut workers: Vec<_> = self.present().map(WorkerRecord::summary).collect();
        workers.sort_by(|a, b| a.id.cmp(&b.id));
        workers
    }

    /// Returns whether the worker asks for jobs.
    pub(super) fn is_attached(&self, worker: &str) -> bool {
        self.known
            .get(worker)
            .is_some_and(|worker| worker.presence == Presence::Polling)
    }

    pub(super) fn get(&self, id: &str) -> Option<&WorkerRecord> {
        self.known.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut WorkerRecord> {
        self.known.get_mut(id)
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
