//! The worker: takes jobs, runs each in a slot, delivers the results, and handles refreshes, stops and the shutdown.
//!
//! Everything here runs on one control thread with a small runtime of its own ([`thread`]), except for [`execute`],
//! which runs on the threads of handlers ([`handlers`]). So no handler can delay job-take requests, deliveries,
//! heartbeats or stops. This module contains no HTTP. HTTP belongs to the platform.

mod adaptive;
mod auto_limit;
mod backoff;
mod batch_slots;
mod call_end;
mod concurrency;
mod config;
mod consecutive_failures;
mod control;
mod deliver;
mod emissions;
mod events;
mod execute;
mod failed_start;
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
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::handler::{Dispatch, StateCell};
use crate::platform::{self, FailedStart, Platform, Reporter, Unhealthy};
use crate::process::signals::Signals;
use crate::spool::SpoolWriter;

use auto_limit::AutoLimit;
use concurrency::Concurrency;
use consecutive_failures::ConsecutiveFailures;
use control::Control;
pub(crate) use events::WorkerEvent;
use execute::Execution;
use inbox::{Inbox, Link};
use jobs::Jobs;
use recent_results::RecentResults;
use retry_budget::RetryBudget;
use shutdown::Shutdown;

#[cfg(any(test, feature = "http", feature = "local"))]
pub(crate) use config::ConcurrencyConfig;
pub use config::WorkerConfig;
#[cfg(feature = "local")]
pub(crate) use events::endpoint;
#[cfg(feature = "metrics")]
pub(crate) use events::metrics;
pub(crate) use handlers::Handlers;
#[cfg(feature = "local")]
pub(crate) use thread::Running;
pub(crate) use thread::{run_here, start};

/// The time, after the drain deadline, to deliver the failed results of jobs that were cut off.
const LAST_DELIVERIES: Duration = Duration::from_secs(5);
/// How long the process waits, once no handler runs, for the platform to accept results that are also in the spool.
const LONGEST_DELIVERY_AT_THE_END: Duration = Duration::from_secs(30);
/// How often the drain checks whether the spool has all results. Nothing wakes the drain when that changes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The time to write the last results to the spool.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Everything that a worker is built from.
pub(crate) struct Parts {
    pub(crate) platform: Arc<dyn Platform>,
    pub(crate) dispatch: Dispatch,
    pub(crate) state: Option<StateCell>,
    pub(crate) config: WorkerConfig,
    pub(crate) ping_interval: Duration,
    /// How long running jobs may continue after a signal.
    pub(crate) shutdown_grace: Duration,
    /// The signals that stop the worker, if it handles them.
    pub(crate) signals: Option<Signals>,
    /// Stops the worker like a signal.
    pub(crate) stop: CancellationToken,
    /// Why the worker could not start. It then takes one job, only to fail it with this reason.
    pub(crate) failed_start: Option<FailedStart>,
    /// Called when the first job-take request is about to be sent.
    pub(crate) ready: Box<dyn FnOnce() + Send>,
    pub(crate) reporter: Reporter,
    pub(crate) spool: Option<SpoolWriter>,
    pub(crate) worker_id: Arc<str>,
    /// The threads on which handlers run.
    pub(crate) handlers: Handlers,
}

/// How a worker stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All jobs that were taken are finished.
    Finished,
    /// All jobs that were taken are finished, and the last one asked for a fresh worker.
    Refreshed,
    /// This many jobs were cut off at the drain deadline.
    Cut(usize),
    /// The worker is broken.
    Unhealthy(Unhealthy),
}

impl Ended {
    /// Converts this to the result that the process reports.
    pub(crate) fn reported(self) -> Result<(), Error> {
        match self {
            Self::Finished | Self::Refreshed => Ok(()),
            // The failed results of these jobs give the reason. The worker itself did what it was asked to do.
            Self::Cut(jobs) => {
                tracing::warn!("{jobs} jobs were cut off");
                Ok(())
            }
            Self::Unhealthy(unhealthy) => Err(unhealthy.into()),
        }
    }
}

/// Runs a worker on the control thread until it stops.
async fn run(parts: Parts, shutdown: Shutdown) -> Ended {
    let config = parts.config;
    let batchers = batch_slots::batchers(&parts.dispatch);
    let needed = batch_slots::needed(&batchers);
    let bounds = config.concurrency.bounds(needed);
    let bounds = bounds.filter(|_| parts.failed_start.is_none());
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
        retries: RetryBudget::new(parts.platform.most_posts()),
        failures: ConsecutiveFailures::new(config.max_consecutive_failures),
        platform: parts.platform,
        execution: Arc::new(Execution {
            batchers,
            dispatch: parts.dispatch,
            state: parts.state,
            aggregate: config.return_aggregate_stream,
            refresh: config.refresh_worker,
            around: config.around.into(),
            reporter,
            inbox,
        }),
        spool: parts.spool,
        worker_id: parts.worker_id,
        handlers: parts.handlers,
        shutdown,
        failed_start: parts.failed_start,
        auto: bounds.map(AutoLimit::new),
    });
    tokio::spawn(signals::watch(
        Arc::clone(&control),
        parts.signals,
        parts.stop,
        parts.shutdown_grace,
    ));
    tokio::spawn(announce_shutdown(Arc::clone(&control)));
    tokio::spawn(heartbeat::beat(Arc::clone(&control), parts.ping_interval));
    tokio::spawn(stop_channel::listen(Arc::clone(&control)));
    tokio::spawn(job::receive(Arc::clone(&control)));
    tokio::spawn(keep::keep_slow_results(Arc::clone(&control)));
    let redelivery = tokio::spawn(redelivery::redeliver(Arc::clone(&control)));

    let concurrency = if control.failed_start.is_some() {
        tokio::spawn(failed_start::limit(Arc::clone(&control)));
        Concurrency::new(1, None)
    } else if let (Some(auto), Some(bounds)) = (&control.auto, bounds) {
        batch_slots::warn_of_few(&control.execution.batchers, "max_concurrency", bounds.max);
        Concurrency::new(auto.limit(), None)
    } else {
        let jobs = config.concurrency.jobs;
        let jobs = batch_slots::concurrency(&control.execution.batchers, jobs);
        Concurrency::new(jobs, config.concurrency.modifier)
    };
    take::take_jobs(&control, concurrency, parts.ready).await;
    if let Some(failed) = &control.failed_start {
        let unhealthy = failed_start::unhealthy(failed);
        control.shutdown.declare_unhealthy(unhealthy);
    }
    let cut = drain(&control).await;
    // A kept result that was just accepted must be removed. Otherwise the next worker would post it again.
    let _ = timeout(LAST_WRITES, redelivery).await;
    if let Some(spool) = &control.spool {
        spool.leave().await;
    }
    control.inbox.close();

    if let Some(mut unhealthy) = control.shutdown.unhealthy() {
        // The reason may contain text of the user's, but no key may get into a URL or into the log.
        let reporter = &control.execution.reporter;
        unhealthy.reason = reporter.redacted(&unhealthy.reason).into_owned();
        platform::report(&*control.platform, &unhealthy).await;
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

/// Tells the platform when the worker starts to shut down.
async fn announce_shutdown(control: Arc<Control>) {
    control.shutdown.begun().await;
    control.platform.closing();
}

/// Waits for running jobs and their results, and cuts the jobs off when their time is over. Returns how many were cut
/// off.
async fn drain(control: &Arc<Control>) -> usize {
    let running = control.jobs.len();
    if running > 0 {
        WorkerEvent::Draining { jobs: running }.emit();
    }
    let mut give_up_at = None;
    loop {
        job::start_waiting(control);
        if control.jobs.is_empty() {
            return 0;
        }
        // If the spool has a result, the process need not wait for its delivery for as long as jobs may run.
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
        WorkerEvent::CutOff { jobs: cut }.emit();
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
            "{} results may be lost: the platform has not accepted them, and they could not be written to the spool in time (RUNPOD_RESULT_SPOOL)",
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
mod adaptive_properties;
#[cfg(test)]
mod tests;
