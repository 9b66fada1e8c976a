//! What is known of one worker, and what it says of itself.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::{after, unix_ms};
use super::id::{ByJob, JobId};
use super::views::{WorkerState, WorkerSummary};

/// A worker that never pings and neither has a job nor asks for one is forgotten after this.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

/// A worker that neither pings nor asks which jobs to stop is silent whenever all its slots are busy, so it is waited for
/// this many times as long as others.
const PATIENCE_WITHOUT_PINGS: u32 = 6;

/// A worker that asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallingWorker<'a> {
    pub(crate) worker: &'a str,
    pub(crate) agent: Option<&'a str>,
}

/// What a worker says of itself at an even pace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ping<'a> {
    /// The jobs that it has.
    pub(crate) jobs: Vec<JobId>,
    /// Whether these may not be all: the SDK cuts off a long list.
    pub(crate) is_cut: bool,
    pub(crate) version: Option<&'a str>,
    /// Its reason, where it says that it is unhealthy.
    pub(crate) unhealthy: Option<&'a str>,
}

#[derive(Debug)]
pub(super) struct WorkerRecord {
    pub(super) id: Arc<str>,
    pub(super) agent: Option<Arc<str>>,
    pub(super) version: Option<Arc<str>>,
    pub(super) jobs: ByJob<Assignment>,
    /// Jobs that it is to stop and has not been told of.
    pub(super) stops: HashSet<JobId>,
    pub(super) stops_changed: Arc<Notify>,
    /// Jobs that were removed while it ran them: as long as it names them, it is told to stop them.
    pub(super) removed: HashSet<JobId>,
    /// Polls that are held open.
    pub(super) open_polls: u32,
    /// When it last polled or posted. Pings do not count: they may come from a process of their own.
    pub(super) last_active: Instant,
    pub(super) last_seen: Instant,
    /// In ms since 1970.
    pub(super) last_seen_at: u64,
    /// In ms since 1970.
    pub(super) last_ping_at: Option<u64>,
    /// It asks which jobs to stop, so that it always has a poll open.
    pub(super) asks_for_stops: bool,
    /// It left its last poll before that was answered.
    pub(super) hung_up: bool,
    pub(super) refreshing: bool,
    pub(super) unhealthy: Option<Arc<str>>,
    pub(super) presence: Presence,
}

/// A job that a worker has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment {
    /// When the worker took it, or named it last.
    pub(super) named: Instant,
    /// Jobs are taken in this order.
    pub(super) turn: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It was heard of, but has not asked for a job yet, or for jobs to stop.
    New,
    Polling,
    /// It was lost; what still pings in its name has outlived it.
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

    /// Those of its jobs, in the order in which it took them.
    pub(super) fn jobs_by_turn(&self, which: impl Fn(&Assignment) -> bool) -> Vec<JobId> {
        let mut jobs: Vec<_> = self.jobs.iter().filter(|(_, held)| which(held)).collect();
        jobs.sort_unstable_by_key(|(_, held)| held.turn);
        jobs.into_iter().map(|(id, _)| *id).collect()
    }

    pub(super) fn is_ghost(&self) -> bool {
        self.presence == Presence::Ghost
    }

    /// When its silence is long enough to count it as lost, or to forget it. Never while it has a poll open.
    ///
    /// Pings alone do not show that a worker lives that used to poll: those of the Python SDK come from a process of
    /// their own, which outlives a worker that is killed. A worker without pings that asks for stops, as the SDK's does
    /// without a ping address, has a poll open for as long as it lives.
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
            // One whose connection broke is waited for as long as a silent one; one that only pauses, longer.
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

    /// It asks for jobs, and will not stop doing so.
    pub(super) fn takes_jobs(&self) -> bool {
        self.presence == Presence::Polling && self.unhealthy.is_none() && !self.refreshing
    }

    /// It has not asked for a job, or makes room for a fresh one.
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
