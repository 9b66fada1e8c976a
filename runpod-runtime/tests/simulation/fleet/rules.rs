//! The rules of a worker: when it takes jobs, when a slot is free, what happens to a result that is not accepted, and how
//! it exits. Each rule can be exchanged alone.

use super::events::{Time, secs};

#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) name: &'static str,
    /// From the start of the process to its first request, without the time for loading the model.
    pub(super) process_start: Time,
    pub(super) when_full: WhenFull,
    /// Whether a job that waits in the worker counts as two jobs. In the SDK, it is in the queue and in progress.
    pub(super) counts_waiting_twice: bool,
    /// How often the loop that starts jobs looks for them. 0: a job is started as soon as it arrives.
    pub(super) looks_for_jobs: Time,
    pub(super) slot_is_free: SlotIsFree,
    /// Whether a job-take request asks for one job, even if several slots are free.
    pub(super) takes_one: bool,
    pub(super) posts: Posts,
    pub(super) exit: Exit,
    pub(super) resizes: Resizes,
}

/// What a worker without a free slot does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// It takes jobs as soon as a slot is free.
    Wakes,
    /// It looks again after this time.
    Sleeps(Time),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotIsFree {
    WhenTheHandlerReturns,
    WhenTheResultIsAccepted,
}

/// What happens to a result that the platform does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posts {
    UntilAccepted,
    /// Three attempts after 5xx, and only one if the connection breaks.
    ThreeTimes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Waits one second for the answer to the last job-take request, and runs the jobs in it.
    Lingers,
    /// Waits until the platform has answered all held requests, but starts no job once its loop has ended.
    WaitsForPolls,
}

/// When a new concurrency takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resizes {
    Immediately,
    WhenEmpty,
}

impl Rules {
    /// The rules of this crate.
    pub(super) const OURS: Self = Self {
        name: "Runpod for Rust",
        process_start: 3_000_000,
        when_full: WhenFull::Wakes,
        counts_waiting_twice: false,
        looks_for_jobs: 0,
        slot_is_free: SlotIsFree::WhenTheHandlerReturns,
        takes_one: false,
        posts: Posts::UntilAccepted,
        exit: Exit::Lingers,
        resizes: Resizes::Immediately,
    };

    /// The rules of the Python SDK 1.12.0.
    pub(super) const SDK: Self = Self {
        name: "Python SDK",
        process_start: 1_600_000_000,
        when_full: WhenFull::Sleeps(1_000_000_000),
        counts_waiting_twice: true,
        looks_for_jobs: 100_000_000,
        slot_is_free: SlotIsFree::WhenTheResultIsAccepted,
        takes_one: false,
        posts: Posts::ThreeTimes,
        exit: Exit::WaitsForPolls,
        resizes: Resizes::WhenEmpty,
    };

    /// Our rules, with one of them replaced.
    pub(super) fn variants() -> [Self; 6] {
        let ours = Self::OURS;
        [
            Self {
                name: "a full worker looks again after 1 s",
                when_full: WhenFull::Sleeps(secs(1.0)),
                ..ours
            },
            Self {
                name: "a slot is free when the result is accepted",
                slot_is_free: SlotIsFree::WhenTheResultIsAccepted,
                ..ours
            },
            Self {
                name: "one job per job-take request",
                takes_one: true,
                ..ours
            },
            Self {
                name: "taken jobs start every 0.1 s",
                looks_for_jobs: secs(0.1),
                ..ours
            },
            Self {
                name: "the process starts in 1.6 s",
                process_start: secs(1.6),
                ..ours
            },
            Self {
                name: "the exit waits for held requests",
                exit: Exit::WaitsForPolls,
                ..ours
            },
        ]
    }
}
