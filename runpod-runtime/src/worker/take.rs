//! Takes jobs: one question in flight, sized to the free slots.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::concurrency::Concurrency;
use super::pace::Pace;
use super::some_of::some_of;
use super::{Shared, job, refuse};
use crate::platform::Taken;
use crate::process::threads::spawn_blocking;

/// How long a question that was in flight when the worker began to end is still listened to: a job that the platform
/// was just handing over is run, not dropped. Short, because nothing else may hold up the exit.
const LINGER: Duration = Duration::from_secs(1);
/// How often a modifier is asked again while every slot is in use.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// With so many bytes of results that wait in memory no further job is taken.
const MOST_UNDELIVERED_BYTES: usize = 256 << 20;

/// Takes jobs until the worker ends.
pub(super) async fn take_jobs(shared: &Arc<Shared>, mut concurrency: Concurrency) {
    shared.jobs.slots.set_limit(concurrency.current());
    let mut pace = Pace::default();
    while !shared.stopping.has_begun() {
        let pause = pace.pause();
        if !pause.is_zero() {
            tokio::select! {
                () = sleep(pause) => {}
                () = shared.stopping.begun() => return,
            }
        }
        let Some(limit) = next_limit(shared, &mut concurrency).await else {
            return;
        };
        shared.jobs.slots.set_limit(limit);
        job::start_waiting(shared);
        let taken = shared.jobs.slots.used() + shared.jobs.waiting();
        let free = limit.saturating_sub(taken);
        if free == 0 || is_too_much(shared.jobs.undelivered(), limit) {
            tokio::select! {
                () = shared.jobs.slots.change() => {}
                () = sleep(ASK_AGAIN), if concurrency.varies() => {}
                () = shared.stopping.begun() => return,
            }
            continue;
        }
        let asked = Instant::now();
        let poll = shared.platform.take(free, !shared.jobs.is_empty());
        tokio::pin!(poll);
        let answer = tokio::select! {
            biased;
            answer = &mut poll => answer,
            () = shared.stopping.begun() => match timeout(LINGER, poll).await {
                Ok(answer) => answer,
                Err(_) => return,
            },
        };
        // An answer that has begun hands jobs over: it is read to its end though the worker is shutting down.
        let taken = tokio::select! {
            biased;
            taken = answer.read() => taken,
            () = shared.stopping.out_of_time() => {
                tracing::error!(
                    "the answer to a take was not read to its end, and the jobs in it are lost: the worker's time to finish is over"
                );
                return;
            }
        };
        accept(shared, taken, free, asked, &mut pace);
    }
}

/// How many jobs may run at once from now on; nothing when the worker ends. A modifier is a user's code, so it is asked
/// where it may block.
async fn next_limit(shared: &Shared, concurrency: &mut Concurrency) -> Option<usize> {
    if !concurrency.varies() {
        return Some(concurrency.next());
    }
    let mut asked = concurrency.clone();
    let asking = spawn_blocking(shared.handlers.handle(), move || {
        let limit = asked.next();
        (limit, asked)
    });
    let asking = match asking {
        Ok(asking) => asking,
        Err(refused) => {
            tracing::error!("concurrency_modifier is not asked: {refused}");
            return Some(concurrency.current());
        }
    };
    tokio::select! {
        answered = asking => {
            let (limit, asked) = answered.ok()?;
            *concurrency = asked;
            Some(limit)
        }
        () = shared.stopping.begun() => None,
    }
}

/// Results that cannot be delivered are kept in memory; a worker with too many of them takes no further job.
fn is_too_much((results, bytes): (usize, usize), limit: usize) -> bool {
    results >= limit.saturating_mul(2).saturating_add(16) || bytes >= MOST_UNDELIVERED_BYTES
}

fn accept(shared: &Arc<Shared>, taken: Taken, want: usize, asked: Instant, pace: &mut Pace) {
    if pace.had_trouble() && !matches!(taken, Taken::Failed(_) | Taken::Throttled(_)) {
        tracing::info!("the platform answers again");
        shared.line.is_back();
    }
    match taken {
        Taken::Jobs(jobs) => {
            // An answer in which every job is broken, or here already, is no flow of jobs, however often it comes.
            let mut started: usize = 0;
            let (mut broken, mut here) = (Vec::new(), Vec::new());
            for taken in jobs {
                match taken {
                    Ok(taken) => match job::accept(shared, taken) {
                        Ok(()) => started += 1,
                        Err(duplicate) => here.push(duplicate.id),
                    },
                    Err(unusable) => broken.push(unusable),
                }
            }
            job::start_waiting(shared);
            if started > want {
                tracing::warn!(
                    "the platform handed over {started} jobs, and {want} were asked for: {} wait until a slot is free",
                    shared.jobs.waiting()
                );
            }
            tell_of_jobs_here(&here);
            refuse::refuse(shared, broken);
            if started > 0 {
                pace.flowing();
            } else {
                pace.nothing(asked.elapsed());
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

/// One line, however many they are.
fn tell_of_jobs_here(ids: &[Arc<str>]) {
    match ids {
        [] => {}
        [id] => tracing::warn!(
            job_id = &**id,
            "the platform handed this job over again; it is not run twice"
        ),
        ids => tracing::warn!(
            "the platform handed {} jobs over again; they are not run twice: {}",
            ids.len(),
            some_of(ids)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_results_that_wait_and_too_large_ones_are_too_much() {
        assert!(!is_too_much((17, 1 << 20), 1));
        assert!(is_too_much((18, 0), 1));
        assert!(!is_too_much((18, 0), 2));
        assert!(!is_too_much((6, 240 << 20), 1));
        assert!(is_too_much((7, 280 << 20), 1));
    }
}
