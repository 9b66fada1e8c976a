//! The events of a run, in the order of virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Nanoseconds since the start of the run.
pub(super) type Time = u64;

pub(super) fn secs(seconds: f64) -> Time {
    (seconds * 1e9) as Time
}

pub(super) fn in_secs(time: Time) -> f64 {
    time as f64 / 1e9
}

/// The number of a worker. A new container has a new number.
pub(super) type WorkerNumber = usize;
/// The number of a job-take request.
pub(super) type Poll = u64;

#[derive(Debug)]
pub(super) enum Event {
    /// A client submits the next job.
    Submits,
    /// The worker's model is loaded, and its process sends the first request.
    Ready(WorkerNumber),
    TakeArrives(WorkerNumber, Poll),
    HoldEnds(WorkerNumber, Poll),
    /// The answer to a job-take request arrives. `None`: the platform has refused the request.
    Answered(WorkerNumber, Poll, Option<Vec<u64>>),
    /// A pause before the next job-take request is over.
    Looks(WorkerNumber),
    /// The SDK's loop looks for taken jobs.
    PicksUp(WorkerNumber, Time),
    Returns(WorkerNumber, u64),
    /// The schedule of batches must be asked again.
    BatchDue(WorkerNumber),
    CallEnds(WorkerNumber, u64),
    PostArrives(WorkerNumber, u64, u32),
    PostAnswered(WorkerNumber, u64, u32, PostAnswer),
    PostsAgain(WorkerNumber, u64, u32),
    Pings(WorkerNumber),
    /// The machine of the worker fails.
    Dies(WorkerNumber),
    /// The worker closes its job-take request.
    HangsUp(WorkerNumber, Poll),
    /// The platform notices that.
    PollClosed(WorkerNumber, Poll),
    /// The worker may be able to exit now.
    MayExit(WorkerNumber),
    /// The platform compares the number of workers with the jobs.
    Scales,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostAnswer {
    Accepted,
    /// The platform answers with 503.
    Refused,
    /// The connection breaks before the platform has read the post.
    Reset,
}

/// The future events. Events of the same time keep the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    events: BinaryHeap<Reverse<Entry>>,
    added: u64,
}

#[derive(Debug)]
struct Entry {
    at: Time,
    turn: u64,
    event: Event,
}

impl Timeline {
    pub(super) fn add(&mut self, at: Time, event: Event) {
        let turn = self.added;
        self.added += 1;
        self.events.push(Reverse(Entry { at, turn, event }));
    }

    pub(super) fn next_at(&self) -> Option<Time> {
        self.events.peek().map(|it| it.0.at)
    }

    pub(super) fn pop(&mut self) -> Option<(Time, Event)> {
        self.events.pop().map(|it| (it.0.at, it.0.event))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.turn) == (other.at, other.turn)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.turn).cmp(&(other.at, other.turn))
    }
}
