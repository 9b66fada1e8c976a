//! Takes jobs, with one job-take request in flight that asks for as many jobs as there are free slots.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::backoff::PollBackoff;
use super::concurrency::Concurrency;
use super::control::Control;
use super::events::WorkerEvent;
use super::shutdown::LINGER;
use super::some_of::some_of;
use super::{failed_start, job, refuse};
use crate::platform::Taken;
use crate::process::threads::spawn_blocking;

/// How often the concurrency is determined again while every slot is in use.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// If the number of undelivered results exceeds the number of slots by this much, the worker takes no more jobs. In
/// that case the network is slower than the handlers, and a result that waits for the network is neither delivered nor
/// safe.
const MOST_BEYOND_SLOTS: usize = 16;
/// If undelivered results take up this many bytes in memory, the worker takes no more jobs.
const MOST_UNDELIVERED_BYTES: usize = 256 << 20;

/// Takes jobs until the worker shuts down.
///
/// `ready` is called when the first job-take request is about to be sent.
pub(super) async fn take_jobs(
    control: &Arc<Control>,
    mut concurrency: Concurrency,
    ready: impl FnOnce(),
) {
    let mut ready = Some(ready);
    control.jobs.slots.set_limit(concurrency.current());
    let mut backoff = PollBackoff::default();
    let mut not_ready = control.spool.as_ref();
    let varies = concurrency.varies() || control.auto.is_some();
    while !control.shutdown.has_begun() {
        let pause = backoff.pause();
        if !pause.is_zero() {
            tokio::select! {
                () = sleep(pause) => {}
                () = control.shutdown.begun() => return,
            }
        }
        let Some(limit) = next_limit(control, &mut concurrency).await else {
            return;
        };
        control.jobs.slots.set_limit(limit);
        job::start_waiting(control);
        let taken = control.jobs.slots.used() + control.jobs.waiting();
        let free = limit.saturating_sub(taken);
        if free == 0 || is_too_much(control.jobs.undelivered(), limit) {
            tokio::select! {
                () = control.jobs.slots.change() => {}
                () = sleep(ASK_AGAIN), if varies => {}
                () = control.shutdown.begun() => return,
            }
            continue;
        }
        if let Some(ready) = ready.take() {
            ready();
        }
        let asked = Instant::now();
        let poll = control.platform.take(free, !control.jobs.is_empty());
        tokio::pin!(poll);
        let answer = tokio::select! {
            biased;
            answer = &mut poll => answer,
            () = control.shutdown.begun() => match timeout(LINGER, poll).await {
                Ok(answer) => answer,
                Err(_) => return,
            },
        };
        // Once an answer has started to arrive, the platform hands jobs over in it. So it is read completely, even
        // during a shutdown.
        let taken = tokio::select! {
            biased;
            taken = answer.read() => taken,
            () = control.shutdown.out_of_time() => {
                tracing::error!(
                    "the answer to a job-take request was not read completely, and the jobs in it are lost: the grace time is over"
                );
                return;
            }
        };
        // Otherwise the results of the first jobs could not be written while the directory is being opened.
        if let Some(spool) = not_ready.take() {
            spool.ready().await;
        }
        let took = asked.elapsed();
        WorkerEvent::TakeAnswered {
            taken: &taken,
            took,
        }
        .emit();
        accept(control, taken, free, took, &mut backoff);
    }
}

/// Returns how many jobs may run at once from now on, or `None` if the worker shuts down. A modifier is user code, so
/// it is called on a thread that may block.
async fn next_limit(control: &Control, concurrency: &mut Concurrency) -> Option<usize> {
    if let Some(auto) = &control.auto {
        return Some(auto.limit());
    }
    if !concurrency.varies() {
        return Some(concurrency.next());
    }
    let mut asked = concurrency.clone();
    let asking = spawn_blocking(control.handlers.handle(), move || {
        let limit = asked.next();
        (limit, asked)
    });
    let asking = match asking {
        Ok(asking) => asking,
        Err(refused) => {
            tracing::error!("concurrency_modifier could not be called: {refused}");
            return Some(concurrency.current());
        }
    };
    tokio::select! {
        answered = asking => {
            match answered {
                Ok((limit, asked)) => {
                    *concurrency = asked;
                    Some(limit)
                }
                Err(error) => {
                    tracing::error!("concurrency_modifier returned no value: {error}");
                    Some(concurrency.current())
                }
            }
        }
        () = control.shutdown.begun() => None,
    }
}

/// Returns whether too many undelivered results are in memory, so that the worker must take no more jobs.
fn is_too_much((results, bytes): (usize, usize), limit: usize) -> bool {
    results >= limit.saturating_add(MOST_BEYOND_SLOTS) || bytes >= MOST_UNDELIVERED_BYTES
}

fn accept(
    control: &Arc<Control>,
    taken: Taken,
    want: usize,
    took: Duration,
    backoff: &mut PollBackoff,
) {
    if backoff.had_trouble() && !matches!(taken, Taken::Failed(_) | Taken::Throttled(_)) {
        tracing::info!("the platform answers again");
        control.retries.is_back();
    }
    match taken {
        Taken::Jobs(jobs) => {
            if let Some(failed) = &control.failed_start {
                failed_start::fail(control, failed, jobs);
                return;
            }
            // If every job in the answer is broken or already here, the pauses must still grow.
            let mut started: usize = 0;
            let (mut broken, mut here) = (Vec::new(), Vec::new());
            for taken in jobs {
                match taken {
                    Ok(taken) => match job::accept(control, taken) {
                        Ok(()) => started += 1,
                        Err(duplicate) => here.push(duplicate.id),
                    },
                    Err(unusable) => broken.push(unusable),
                }
            }
            job::start_waiting(control);
            if started > want {
                tracing::warn!(
                    "the platform handed over {started} jobs, but only {want} were requested: {} wait until a slot is free",
                    control.jobs.waiting()
                );
            }
            log_duplicates(&here);
            refuse::refuse(control, broken);
            if started > 0 {
                backoff.flowing();
            } else {
                backoff.nothing(took);
            }
        }
        Taken::Nothing => backoff.nothing(took),
        Taken::Throttled(pause) => backoff.asked_to_wait(pause),
        Taken::Failed(_) => backoff.failed(),
        Taken::NoMore => control.shutdown.begin(),
    }
}

/// Logs one line, no matter how many jobs there are.
fn log_duplicates(ids: &[Arc<str>]) {
    match ids {
        [] => {}
        [id] => tracing::warn!(
            job_id = &**id,
            "the platform handed over this job again; it is not run twice"
        ),
        ids => tracing::warn!(
            "the platform handed over {} jobs again; they are not run twice: {}",
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
        assert!(!is_too_much((16, 1 << 20), 1));
        assert!(is_too_much((17, 0), 1));
        assert!(!is_too_much((17, 0), 2));
        assert!(!is_too_much((6, 240 << 20), 1));
        assert!(is_too_much((7, 280 << 20), 1));
    }
}
