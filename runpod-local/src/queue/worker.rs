//! The record of a worker, and its pings.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::{after, unix_ms};
use super::id::{ByJob, JobId};
use super::views::{WorkerState, WorkerSummary};

/// After this time, a worker without jobs that neither pings nor asks for a job is forgotten.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

/// A worker that neither pings nor asks which jobs to stop is silent whenever all its slots are busy. It is lost only
/// after this many times the usual silence.
const PATIENCE_WITHOUT_PINGS: u32 = 6;

/// The worker that sends a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallingWorker<'a> {
    pub(crate) worker: &'a str,
    pub(crate) agent: Option<&'a str>,
}

/// The content of a ping, which workers send at regular intervals.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ping<'a> {
    /// The jobs that the worker has.
    pub(crate) jobs: Vec<JobId>,
    /// Whether jobs may be missing, because the SDK cuts off a long list.
    pub(crate) is_cut: bool,
    pub(crate) version: Option<&'a str>,
    /// The reason, if the worker reports that it is unhealthy.
    pub(crate) unhealthy: Option<&'a str>,
}

#[derive(Debug)]
pub(super) struct WorkerRecord {
    pub(super) id: Arc<str>,
    pub(super) agent: Option<Arc<str>>,
    pub(super) version: Option<Arc<str>>,
    pub(super) jobs: ByJob<Assignment>,
    /// Jobs that the worker must stop, but that no answer to a stop poll has named yet.
    pub(super) stops: HashSet<JobId>,
    pub(super) stops_changed: Arc<Notify>,
    /// Jobs that were removed while the worker ran them. While its pings name them, the answers to its stop polls
    /// name them too.
    pub(super) removed: HashSet<JobId>,
    /// The number of polls that are held open.
    pub(super) open_polls: u32,
    /// When the worker last polled or posted. Pings do not count, because they may come from a separate process.
    pub(super) last_active: Instant,
    pub(super) last_seen: Instant,
    /// The time in ms since 1970.
    pub(super) last_seen_at: u64,
    /// The time in ms since 1970.
    pub(super) last_ping_at: Option<u64>,
    /// Whether the worker asks which jobs to stop. Such a worker always has a poll open.
    pub(super) asks_for_stops: bool,
    /// Whether the worker closed its last poll before it was answered.
    pub(super) hung_up: bool,
    pub(super) refreshing: bool,
    pub(super) unhealthy: Option<Arc<str>>,
    pub(super) presence: Presence,
}

/// A job that a worker has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment {
    /// When the worker took the job, or when its pings last named it.
    pub(super) named: Instant,
    /// The order in which jobs were taken.
    pub(super) turn: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// The endpoint has heard from the worker, but the worker has sent neither a job-take request nor a stop poll.
    New,
    Polling,
    /// The worker was lost, but a process still sends pings with its id.
    Ghost,
}

impl WorkerRecord {
    pub(super) fn new(id: &str, now: Instant) -> Self {
        Self {
            id: id.into(),
            agent: None,
            version: None,
            jobs: ByJob::default(),
            stops: HashSet::new(),
            stops_changed: Arc::default(),
            removed: HashSet::new(),
            open_polls: 0,
            last_active: now,
            last_seen: now,
            last_seen_at: unix_ms(),
            last_ping_at: None,
            asks_for_stops: false,
            hung_up: false,
            refreshing: false,
            unhealthy: None,
            presence: Presence::New,
        }
    }

    pub(super) fn seen(&mut self, now: Instant) {
        self.last_seen = now;
        self.last_seen_at = unix_ms();
    }

    /// Returns the selected jobs in the order in which the worker took them.
    pub(super) fn jobs_by_turn(&self, which: impl Fn(&Assignment) -> bool) -> Vec<JobId> {
        let mut jobs: Vec<_> = self.jobs.iter().filter(|(_, held)| which(held)).collect();
        jobs.sort_unstable_by_key(|(_, held)| held.turn);
        jobs.into_iter().map(|(id, _)| *id).collect()
    }

    pub(super) fn is_ghost(&self) -> bool {
        self.presence == Presence::Ghost
    }

    /// Returns when the silence is long enough to lose or forget the worker. Returns `None` while the worker has a poll
    /// open.
    ///
    /// If a worker used to poll, its pings alone do not show that it is alive. The Python SDK pings from a separate
    /// process, which outlives a killed worker. A worker that sends stop polls but no pings has a poll open for as
    /// long as it lives. The SDK's worker does this if it has no ping address.
    pub(super) fn silent_until(&self, lost_after: Duration) -> Option<Instant> {
        if self.open_polls > 0 {
            return None;
        }
        let pings = self.last_ping_at.is_some();
        if !pings && self.jobs.is_empty() {
            return Some(after(self.last_seen, FORGOTTEN_AFTER));
        }
        let silent = after(self.last_seen, lost_after);
        if self.asks_for_stops && !self.is_ghost() {
            // A broken connection is given the usual time. A worker that only pauses is given twice as long.
            let patience = lost_after.saturating_mul(if self.hung_up { 1 } else { 2 });
            let inactive = after(self.last_active, patience);
            return Some(if pings {
                silent.min(inactive)
            } else {
                inactive
            });
        }
        if !pings {
            let patience = lost_after.saturating_mul(PATIENCE_WITHOUT_PINGS);
            return Some(after(self.last_active, patience));
        }
        Some(silent)
    }

    /// Returns whether the worker asks for jobs and will continue to do so.
    pub(super) fn takes_jobs(&self) -> bool {
        self.presence == Presence::Polling && self.unhealthy.is_none() && !self.refreshing
    }

    /// Returns whether the worker has not asked for a job yet, or will be replaced by a fresh one.
    pub(super) fn is_initializing(&self) -> bool {
        let is_preparing = self.refreshing || self.presence == Presence::New;
        is_preparing && !self.is_ghost() && self.unhealthy.is_none() && self.jobs.is_empty()
    }

    pub(super) fn state(&self) -> WorkerState {
        if self.unhealthy.is_some() {
            WorkerState::Unhealthy
        } else if self.refreshing {
            WorkerState::Refreshing
        } else if self.jobs.is_empty() {
            WorkerState::Idle
        } else {
            WorkerState::Running
        }
    }

    pub(super) fn summary(&self) -> WorkerSummary {
        WorkerSummary {
            id: Arc::clone(&self.id),
            version: self.version.clone(),
            user_agent: self.agent.clone(),
            jobs: self.jobs.keys().copied().collect(),
            last_ping: self.last_ping_at,
            last_seen: self.last_seen_at,
            state: self.state(),
            reason: self.unhealthy.clone(),
        }
    }
}
