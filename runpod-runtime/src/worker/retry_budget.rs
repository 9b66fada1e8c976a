//! Limits that all posts share: how many may be in flight at once, and how many may be retried.
//!
//! Without them, a thousand finished jobs would retry independently during an outage. Each retry costs one unit of a
//! budget. Time adds 10 units per second, and each accepted post adds 2. So during an outage the platform gets ten
//! retries per second, no matter how many results wait. When the platform is back, each accepted post allows two more
//! retries.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use super::events::WorkerEvent;
use crate::platform::{Platform, Post, Posted};

/// Retries that each second adds to the budget.
const PER_SECOND: f64 = 10.0;
/// Retries that an accepted post adds to the budget.
const PER_ACCEPTED: f64 = 2.0;
/// The maximum number of retries that the budget can save up.
const MOST_SAVED: f64 = 50.0;
/// After this many failures in a row, the trouble is with the platform and not with one job.
const IN_TROUBLE: u32 = 3;

#[derive(Debug)]
pub(super) struct RetryBudget {
    posts: Semaphore,
    budget: Mutex<Budget>,
    /// A task holds this lock while it waits for the budget, so that tasks get their retries in the order in which
    /// they asked.
    turn: AsyncMutex<()>,
    /// Notified when an accepted post has added to the budget.
    paid: Notify,
    /// Notified when the platform answers again.
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

    /// Takes one retry from the budget. If the budget is empty, returns when the next retry is available.
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
    /// `most_posts` is the number of posts that may be in flight at once.
    pub(super) fn new(most_posts: usize) -> Self {
        Self {
            posts: Semaphore::new(most_posts.min(Semaphore::MAX_PERMITS)),
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
        let asked = Instant::now();
        let posted = platform.post(post).await;
        WorkerEvent::PostAnswered {
            post,
            posted: &posted,
            took: asked.elapsed(),
        }
        .emit();
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

    /// Waits until a retry makes sense: for `pause`, or until the platform has recovered, but at least for the time
    /// that the platform asked for. Then waits for the budget.
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

    /// Takes a retry if one is available immediately. Used for progress updates, which do not wait for the budget.
    pub(super) fn has_turn(&self) -> bool {
        self.budget().take().is_ok()
    }

    /// Records that the platform answers again after trouble.
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

    /// No user code runs while this lock is held, so the budget is intact even if the lock is poisoned.
    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
