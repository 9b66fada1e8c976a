//! Takes jobs: one question in flight, sized to the free slots.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::concurrency::Concurrency;
use super::pace::Pace;
use super::{Shared, job};
use crate::platform::Taken;

/// How long a question that was in flight when the worker began to end is still listened to: a job that the platform
/// was just handing over is run, not dropped. Short, because nothing else may hold up the exit.
const LINGER: Duration = Duration::from_secs(1);
/// How often a modifier is asked again while every slot is in use.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Takes jobs until the worker ends.
pub(super) async fn take_jobs(shared: &Arc<Shared>, mut concurrency: Concurrency) {
    let mut changes = shared.book.changes();
    let mut pace = Pace::default();
    while !shared.stopping.has_begun() {
        let pause = pace.pause();
        if !pause.is_zero() {
            tokio::select! {
                () = sleep(pause) => {}
                () = shared.stopping.begun() => return,
            }
        }
        changes.borrow_and_update();
        let limit = concurrency.next();
        let free = limit.saturating_sub(shared.book.running());
        if free == 0 || shared.book.undelivered() >= most_undelivered(limit) {
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(ASK_AGAIN), if concurrency.varies() => {}
                () = shared.stopping.begun() => return,
            }
            continue;
        }
        let asked = Instant::now();
        let poll = shared.platform.take(free, !shared.book.is_empty());
        tokio::pin!(poll);
        let answer = tokio::select! {
            biased;
            answer = &mut poll => answer,
            () = shared.stopping.begun() => match timeout(LINGER, poll).await {
                Ok(answer) => answer,
                Err(_) => return,
            },
        };
        accept(shared, answer, asked, &mut pace);
    }
}

/// Results that cannot be delivered are kept in memory; a worker with this many of them takes no further job.
fn most_undelivered(limit: usize) -> usize {
    limit.saturating_mul(2).saturating_add(16)
}

fn accept(shared: &Arc<Shared>, answer: Taken, asked: Instant, pace: &mut Pace) {
    match answer {
        Taken::Jobs(jobs) => {
            // An answer in which every job is broken is no flow of jobs, however often it comes.
            if jobs.iter().any(Result::is_ok) {
                pace.flowing();
            } else {
                pace.failed();
            }
            for taken in jobs {
                match taken {
                    Ok(taken) => job::start(shared, taken),
                    Err(broken) => job::refuse(shared, broken),
                }
            }
        }
        Taken::Nothing => pace.nothing(asked.elapsed()),
        Taken::Throttled(pause) => {
            tracing::debug!("too many takes: next one in {pause:?}");
            pace.asked_to_wait(pause);
        }
        Taken::Failed(why) => {
            tracing::warn!("no job could be taken: {why}");
            pace.failed();
        }
        Taken::NoMore => shared.stopping.begin(),
    }
}
