//! The worker: takes jobs, runs each in its slot, delivers what it made, refreshes, stops, ends.
//!
//! Everything here runs on one control thread with a small runtime of its own ([`thread`]), except for [`execute`], which
//! runs on the threads of handlers ([`handlers`]). So no handler, whatever it does, holds up takes, deliveries, heartbeats or
//! stops. No HTTP in here: that is the platform's.

mod backoff;
mod concurrency;
mod config;
mod consecutive_failures;
mod control;
mod deliver;
mod emissions;
mod execute;
mod handlers;
mod heartbeat;
mod inbox;
mod job;
mod jobs;
mod keep;
mod recent_results;
mod redelivery;
mod refuse;
mod retry;
mod retry_budget;
mod shutdown;
mod signals;
mod some_of;
mod stop_channel;
mod take;
mod thread;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::error::{Error, ErrorKind};
use crate::handler::{Dispatch, StateCell};
use crate::platform::{Health, Platform, Reporter};
use crate::spool::SpoolWriter;

use concurrency::Concurrency;
use consecutive_failures::ConsecutiveFailures;
use control::Control;
use execute::Execution;
use inbox::{Inbox, Link};
use jobs::Jobs;
use recent_results::RecentResults;
use retry_budget::RetryBudget;
use shutdown::{Shutdown, Unhealthy};

pub use config::WorkerConfig;
pub(crate) use handlers::Handlers;
#[cfg(feature = "local")]
pub(crate) use thread::Running;
pub(crate) use thread::{run_here, start};

/// After the drain deadline: the time for the failed results of jobs that were cut off to be delivered.
const LAST_DELIVERIES: Duration = Duration::from_secs(5);
/// When no handler runs any more: how long the process waits for the platform to accept results that the spool has.
const LONGEST_DELIVERY_AT_THE_END: Duration = Duration::from_secs(30);
/// How often the drain looks whether the spool has all results. Nothing wakes it when that changes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long it may take to write the last results into the spool.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// All that a worker is made from.
pub(crate) struct Parts {
    pub(crate) platform: Arc<dyn Platform>,
    pub(crate) dispatch: Dispatch,
    pub(crate) state: Option<StateCell>,
    pub(crate) config: WorkerConfig,
    pub(crate) ping_interval: Duration,
    /// How long running jobs may go on after a signal.
    pub(crate) shutdown_grace: Duration,
    /// Whether SIGTERM and SIGINT are the worker's to handle.
    pub(crate) handles_signals: bool,
    pub(crate) reporter: Reporter,
    pub(crate) spool: Option<SpoolWriter>,
    pub(crate) worker_id: Arc<str>,
    /// Where handlers run.
    pub(crate) handlers: Handlers,
}

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything that was taken is done.
    Finished,
    /// The same, and the last job asked for a fresh worker.
    Refreshed,
    /// Some jobs were cut off by the drain deadline; so many.
    Cut(usize),
    /// The worker is broken.
    Unhealthy(Unhealthy),
}

impl Ended {
    /// What this end means for the process.
    pub(crate) fn reported(self) -> Result<(), Error> {
        match self {
            Self::Finished | Self::Refreshed => Ok(()),
            // Their failed results say why; the worker itself did as it was told.
            Self::Cut(jobs) => {
                tracing::warn!("{jobs} jobs were cut off");
                Ok(())
            }
            Self::Unhealthy(Unhealthy { check, reason }) => Err(Error::new(
                ErrorKind::Unhealthy,
                format!("this worker is broken and has ended ({check}): {reason}"),
            )),
        }
    }
}

/// Runs a worker to its end, on the control thread.
async fn run(parts: Parts, shutdown: Shutdown) -> Ended {
    let config = parts.config;
    let inbox = Arc::<Inbox>::default();
    let reporter = Arc::new(parts.reporter);
    let control = Arc::new(Control {
        inbox: Arc::clone(&inbox),
        link: Arc::new(Link {
            inbox: Arc::clone(&inbox),
            shutdown: shutdown.clone(),
            reporter: Arc::clone(&reporter),
        }),
        recent: RecentResults::new(parts.spool.is_some()),
        jobs: Jobs::new(),
        retries: RetryBudget::new(),
        failures: ConsecutiveFailures::new(config.max_consecutive_failures),
        platform: parts.platform,
        execution: Arc::new(Execution {
            dispatch: parts.dispatch,
            state: parts.state,
            aggregate: config.return_aggregate_stream,
            refresh: config.refresh_worker,
            reporter,
            inbox,
        }),
        spool: parts.spool,
        worker_id: parts.worker_id,
        handlers: parts.handlers,
        shutdown,
    });
    if parts.handles_signals {
        tokio::spawn(signals::watch(Arc::clone(&control), parts.shutdown_grace));
    }
    tokio::spawn(heartbeat::beat(Arc::clone(&control), parts.ping_interval));
    tokio::spawn(stop_channel::listen(Arc::clone(&control)));
    tokio::spawn(job::receive(Arc::clone(&control)));
    tokio::spawn(keep::keep_slow_results(Arc::clone(&control)));
    let redelivery = tokio::spawn(redelivery::redeliver(Arc::clone(&control)));

    let concurrency = Concurrency::new(config.concurrency, config.concurrency_modifier);
    take::take_jobs(&control, concurrency).await;
    let cut = drain(&control).await;
    // A kept result that was just accepted is to be forgotten, not offered again by the next worker.
    let _ = timeout(LAST_WRITES, redelivery).await;
    if let Some(spool) = &control.spool {
        spool.leave().await;
    }
    control.inbox.close();

    if let Some(unhealthy) = control.shutdown.unhealthy() {
        let health = Health::Unhealthy {
            check: unhealthy.check,
            reason: &unhealthy.reason,
        };
        if let Some(ping) = control.platform.ping(health) {
            ping.await;
        }
        return Ended::Unhealthy(unhealthy);
    }
    if cut > 0 {
        Ended::Cut(cut)
    } else if control.shutdown.wants_a_fresh_worker() {
        Ended::Refreshed
    } else {
        Ended::Finished
    }
}

/// Waits for the jobs that run and for their results; cuts them off when their time is over. How many were cut off.
async fn drain(control: &Arc<Control>) -> usize {
    let running = control.jobs.len();
    if running > 0 {
        tracing::info!("finishing {running} jobs before the worker ends");
    }
    let mut give_up_at = None;
    loop {
        job::start_waiting(control);
        if control.jobs.is_empty() {
            return 0;
        }
        // Results that the spool has need not hold the process for as long as jobs may run.
        let keeps = control
            .spool
            .as_ref()
            .is_some_and(SpoolWriter::keeps_results);
        if keeps && !control.jobs.has_unfinished() {
            give_up_at.get_or_insert_with(|| Instant::now() + LONGEST_DELIVERY_AT_THE_END);
        } else {
            give_up_at = None;
        }
        if give_up_at.is_some_and(|at| at <= Instant::now()) {
            deliver_no_more(control).await;
            return 0;
        }
        tokio::select! {
            () = control.jobs.slots.change() => {}
            () = control.shutdown.out_of_time() => break,
            () = sleep(LOOK_AGAIN), if control.spool.is_some() => {}
        }
    }
    let cut = job::cut_off(control);
    if cut > 0 {
        tracing::warn!("{cut} jobs were cut off: the worker's time to finish is over");
    }
    if timeout(LAST_DELIVERIES, until_empty(control))
        .await
        .is_err()
    {
        deliver_no_more(control).await;
    }
    cut
}

/// Leaves the results that the platform has not accepted in the spool.
async fn deliver_no_more(control: &Control) {
    control.shutdown.deliver_no_more();
    if timeout(LAST_WRITES, until_empty(control)).await.is_err() {
        tracing::error!(
            "{} results may be lost: the platform has not accepted them, and the disk did not store them in time (RUNPOD_RESULT_SPOOL)",
            control.jobs.len()
        );
    }
}

async fn until_empty(control: &Control) {
    while !control.jobs.is_empty() {
        control.jobs.slots.change().await;
    }
}

#[cfg(test)]
mod tests;
