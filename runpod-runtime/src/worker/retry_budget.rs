//! What all posts share: how many may be under way at once, and how many may be tried again.
//!
//! In an outage a thousand finished jobs would otherwise try again on their own, each at its own pace. Every attempt after
//! the first is paid for: by time, at ten a second, and by posts that were accepted, at two each. So an outage meets ten
//! attempts a second, whatever waits, and a platform that is back is asked twice as much with every answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use crate::platform::{Platform, Post, Posted};

/// How many posts are under way at most. Each has a connection, and a process has 1024 files where nobody has said more.
const MOST_POSTS: usize = 128;
/// Attempts that time pays for.
const PER_SECOND: f64 = 10.0;
/// Attempts that an accepted post pays for.
const PER_ACCEPTED: f64 = 2.0;
/// What is not used up does not pile up.
const MOST_SAVED: f64 = 50.0;
/// After so many failures in a row it is the platform that has trouble, not a job.
const IN_TROUBLE: u32 = 3;

#[derive(Debug)]
pub(super) struct RetryBudget {
    posts: Semaphore,
    budget: Mutex<Budget>,
    /// One waits for the budget at a time, in the order in which they came.
    turn: AsyncMutex<()>,
    /// Somebody has paid in.
    paid: Notify,
    /// The platform is back.
    back: Notify,
}

#[derive(Debug)]
struct Budget {
    saved: f64,
    counted: Instant,
    failures: u32,
}

impl Budget {
    fn count(&mut self) {
        let now = Instant::now();
        let earned = (now - self.counted).as_secs_f64() * PER_SECOND;
        self.saved = (self.saved + earned).min(MOST_SAVED);
        self.counted = now;
    }

    /// Takes one attempt; else says when there will be one.
    fn take(&mut self) -> Result<(), Instant> {
        self.count();
        if self.saved >= 1.0 {
            self.saved -= 1.0;
            return Ok(());
        }
        let missing = Duration::from_secs_f64((1.0 - self.saved) / PER_SECOND);
        Err(self.counted + missing.max(Duration::from_millis(1)))
    }
}

impl RetryBudget {
    pub(super) fn new() -> Self {
        Self {
            posts: Semaphore::new(MOST_POSTS),
            budget: Mutex::new(Budget {
                saved: MOST_SAVED,
                counted: Instant::now(),
                failures: 0,
            }),
            turn: AsyncMutex::new(()),
            paid: Notify::new(),
            back: Notify::new(),
        }
    }

    /// Posts once.
    pub(super) async fn post(&self, platform: &dyn Platform, post: &Post) -> Posted {
        let _one_of_many = match self.posts.try_acquire() {
            Ok(permit) => Some(permit),
            // The semaphore is never closed.
            Err(_) => Box::pin(self.posts.acquire()).await.ok(),
        };
        let posted = platform.post(post).await;
        match posted {
            Posted::Later { .. } => {
                let mut budget = self.budget();
                budget.failures = budget.failures.saturating_add(1);
            }
            Posted::Accepted => self.answered(PER_ACCEPTED),
            _ => self.answered(0.0),
        }
        posted
    }

    /// Waits until it makes sense to try once more: for `pause`, but not much longer than the platform has trouble, and
    /// never less than what it asked for; then for the budget.
    pub(super) async fn turn(&self, pause: Duration, asked: Option<Duration>) {
        let begun = Instant::now();
        tokio::select! {
            () = sleep(pause) => {}
            () = self.back.notified() => {}
        }
        sleep_until(begun + asked.unwrap_or_default()).await;
        let _turn = self.turn.lock().await;
        loop {
            let paid = self.paid.notified();
            let Err(when) = self.budget().take() else {
                return;
            };
            tokio::select! {
                () = sleep_until(when) => {}
                () = paid => {}
            }
        }
    }

    /// Whether there is an attempt to be had at once; it is taken then. For what is not worth waiting.
    pub(super) fn has_turn(&self) -> bool {
        self.budget().take().is_ok()
    }

    /// The platform, which had trouble, answers again.
    pub(super) fn is_back(&self) {
        self.budget().failures = 0;
        self.back.notify_waiters();
    }

    fn answered(&self, pays: f64) {
        let mut budget = self.budget();
        budget.saved = (budget.saved + pays).min(MOST_SAVED);
        let was_in_trouble = budget.failures >= IN_TROUBLE;
        budget.failures = 0;
        drop(budget);
        self.paid.notify_one();
        if was_in_trouble {
            self.back.notify_waiters();
        }
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound budget.
    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
