//! The state of one worker.

use std::collections::VecDeque;
use std::time::Duration;

use super::demand::Profile;
use super::events::{Poll, Time};
use crate::schedule::{Call, Limits, Schedule};

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) created: Time,
    pub(super) ready: Option<Time>,
    pub(super) stopped: Option<Time>,
    pub(super) phase: Phase,
    /// The number of jobs that may run at the same time.
    pub(super) limit: usize,
    pub(super) resizing: bool,
    /// The job-take request in flight.
    pub(super) poll: Option<Poll>,
    pub(super) asked: usize,
    /// The request that the platform holds open.
    pub(super) held_poll: Option<Poll>,
    /// Whether the worker pauses before its next job-take request.
    pub(super) pauses: bool,
    pub(super) empty_answers: u32,
    pub(super) poll_sent: Time,
    /// The jobs that the heartbeat names.
    pub(super) held: Vec<u64>,
    /// Taken jobs that wait for a slot.
    pub(super) waiting: VecDeque<u64>,
    pub(super) slots_in_use: usize,
    /// Results that the platform has not accepted.
    pub(super) undelivered: usize,
    /// When the loop that starts jobs last looked for them.
    pub(super) looked: Time,
    pub(super) looks_at: Option<Time>,
    /// Whether that loop has ended, so no further job starts.
    pub(super) loop_ended: bool,
    /// The earliest time at which the worker can exit, because a request is held open.
    pub(super) exits_after: Time,
    pub(super) calls: Calls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Starts,
    Takes,
    /// The worker takes no more jobs.
    Drains,
    Gone,
}

/// The calls of a model that runs several jobs at once.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) schedule: Option<Schedule<u64>>,
    pub(super) running: Vec<(u64, Call, Vec<u64>)>,
    pub(super) started: u64,
}

impl Worker {
    pub(super) fn new(number: usize, profile: &Profile, now: Time) -> Self {
        let schedule = profile.batch.map(|it| {
            Schedule::new(Limits {
                max_batch_size: it.max_batch_size,
                max_wait: Duration::from_millis(20),
                ..Limits::NEW
            })
        });
        Self {
            name: format!("w{number}"),
            created: now,
            ready: None,
            stopped: None,
            phase: Phase::Starts,
            limit: profile.slots,
            resizing: false,
            poll: None,
            asked: 0,
            held_poll: None,
            pauses: false,
            empty_answers: 0,
            poll_sent: 0,
            held: Vec::new(),
            waiting: VecDeque::new(),
            slots_in_use: 0,
            undelivered: 0,
            looked: now,
            looks_at: None,
            loop_ended: false,
            exits_after: 0,
            calls: Calls {
                schedule,
                ..Calls::default()
            },
        }
    }

    /// Returns whether the worker runs jobs or will run jobs.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Starts | Phase::Takes)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    pub(super) fn drains(&self) -> bool {
        self.phase == Phase::Drains
    }

    pub(super) fn forget(&mut self, job: u64) {
        if let Some(at) = self.held.iter().position(|held| *held == job) {
            self.held.swap_remove(at);
        }
    }
}
