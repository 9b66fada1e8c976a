//! The jobs of the endpoint and their results.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use worker_bench::item;

/// The longest time for which a job-take request is held while there is no job.
const HOLD: Duration = Duration::from_mins(1);

/// The number of jobs in the queue at the start, and the input of each job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jobs {
    number: Number,
    input: fn(u64) -> Cow<'static, str>,
}

#[derive(Debug, Clone, Copy)]
enum Number {
    /// The queue never becomes empty.
    Endless,
    Of(u64),
}

impl Jobs {
    /// Creates a queue that is never empty. `input` returns the input of the job with the given number.
    pub(crate) fn endless(input: fn(u64) -> Cow<'static, str>) -> Self {
        let number = Number::Endless;
        Self { number, input }
    }

    pub(crate) fn of(number: u64, input: fn(u64) -> Cow<'static, str>) -> Self {
        let number = Number::Of(number);
        Self { number, input }
    }
}

/// The answer to a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    /// Status 503.
    Refused,
    /// No answer, on a connection that stays open.
    Nothing,
    /// The connection is closed without an answer.
    Closed,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) takes: u64,
    pub(crate) handed_out: u64,
    /// Results that were accepted for the first time.
    pub(crate) results: u64,
    /// Results that were not accepted, because the cell requested another answer.
    pub(crate) not_accepted: u64,
    /// Results that were accepted again.
    pub(crate) again: u64,
    pub(crate) items: u64,
    pub(crate) pings: u64,
}

#[derive(Debug, Default)]
pub(super) struct Moments {
    pub(super) first_take: Option<Instant>,
    pub(super) handed_out: Option<Instant>,
    pub(super) accepted: Option<Instant>,
    /// The ages of items, in nanoseconds.
    pub(super) ages: Vec<u64>,
}

#[derive(Debug)]
pub(super) struct State {
    input: fn(u64) -> Cow<'static, str>,
    queue: Mutex<Queue>,
    moments: Mutex<Moments>,
    added: Notify,
    connections: AtomicUsize,
}

/// Counts a connection while it is open.
#[derive(Debug)]
pub(super) struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Queue {
    waiting: Number,
    counts: Counts,
    /// Whether a job's result was accepted, by the number of the job.
    accepted: Vec<bool>,
    answer: (u64, Answer),
}

impl State {
    pub(super) fn new(jobs: Jobs) -> Self {
        Self {
            input: jobs.input,
            queue: Mutex::new(Queue {
                waiting: jobs.number,
                counts: Counts::default(),
                accepted: Vec::new(),
                answer: (0, Answer::Accepted),
            }),
            moments: Mutex::default(),
            added: Notify::new(),
            connections: AtomicUsize::new(0),
        }
    }

    pub(super) fn opened(&self) -> Open<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Open(&self.connections)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn moments(&self) -> MutexGuard<'_, Moments> {
        self.moments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counts(&self) -> Counts {
        self.queue().counts
    }

    pub(super) fn add(&self, jobs: u64) {
        let mut queue = self.queue();
        if let Number::Of(waiting) = queue.waiting {
            queue.waiting = Number::Of(waiting + jobs);
        }
        drop(queue);
        self.added.notify_waiters();
    }

    pub(super) fn answer_results(&self, from: u64, answer: Answer) {
        self.queue().answer = (from, answer);
    }

    pub(super) fn without_result(&self, jobs: u64) -> u64 {
        let queue = self.queue();
        let jobs = usize::try_from(jobs).unwrap_or(usize::MAX);
        let accepted = queue.accepted.iter().take(jobs).filter(|done| **done);
        (jobs - accepted.count()) as u64
    }

    /// Takes up to `wanted` jobs and returns them as the body of the answer. Returns `None` if there is no job within
    /// [`HOLD`].
    pub(super) async fn take(&self, wanted: u64, batch: bool) -> Option<String> {
        self.queue().counts.takes += 1;
        self.moments().first_take.get_or_insert_with(Instant::now);
        let deadline = tokio::time::Instant::now() + HOLD;
        loop {
            let added = self.added.notified();
            tokio::pin!(added);
            // From here on, the wait below misses no call to `add`.
            added.as_mut().enable();
            if let Some(jobs) = self.take_now(wanted, batch) {
                return Some(jobs);
            }
            tokio::time::timeout_at(deadline, added).await.ok()?;
        }
    }

    fn take_now(&self, wanted: u64, batch: bool) -> Option<String> {
        let mut queue = self.queue();
        let number = match &mut queue.waiting {
            Number::Endless => wanted,
            Number::Of(0) => return None,
            Number::Of(waiting) => {
                let number = wanted.min(*waiting);
                *waiting -= number;
                number
            }
        };
        let first = queue.counts.handed_out;
        queue.counts.handed_out += number;
        drop(queue);
        let mut jobs = String::with_capacity(1 << 10);
        if batch {
            jobs.push('[');
        }
        for job in first..first + number {
            if job > first {
                jobs.push(',');
            }
            let input = (self.input)(job);
            let _ = write!(jobs, r#"{{"id":"{}","input":{input}}}"#, id(job));
        }
        if batch {
            jobs.push(']');
        }
        self.moments().handed_out = Some(Instant::now());
        Some(jobs)
    }

    pub(super) fn result(&self, job: &str) -> Answer {
        let Some(number) = number(job) else {
            return Answer::Refused;
        };
        let mut queue = self.queue();
        let (from, answer) = queue.answer;
        if number >= from && answer != Answer::Accepted {
            queue.counts.not_accepted += 1;
            return answer;
        }
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if index >= queue.accepted.len() {
            let jobs = usize::try_from(queue.counts.handed_out).unwrap_or(usize::MAX);
            let length = jobs.max(2 * queue.accepted.len());
            queue.accepted.resize(length, false);
        }
        match queue.accepted.get_mut(index) {
            Some(accepted) if !*accepted => {
                *accepted = true;
                queue.counts.results += 1;
            }
            _ => queue.counts.again += 1,
        }
        drop(queue);
        self.moments().accepted = Some(Instant::now());
        Answer::Accepted
    }

    /// Records an item. Its body is `{"output": 123}`, where the number is the time at which it was created.
    pub(super) fn item(&self, body: &[u8]) {
        let now = item();
        self.queue().counts.items += 1;
        let digits = body.iter().filter(|byte| byte.is_ascii_digit());
        let made = digits.fold(0_u64, |sum, digit| {
            sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
        });
        self.moments().ages.push(now.saturating_sub(made));
    }

    pub(super) fn ping(&self) {
        self.queue().counts.pings += 1;
    }
}

/// Returns a job's id, which is as long as the platform's ids.
fn id(number: u64) -> String {
    format!("0b5e7a11-3c7d-4a52-9f04-{number:012x}-u1")
}

fn number(id: &str) -> Option<u64> {
    let number = id.strip_suffix("-u1")?.rsplit('-').next()?;
    u64::from_str_radix(number, 16).ok()
}
