//! The worker: takes jobs, runs each in its slot, delivers what it made, refreshes, stops, ends.
//!
//! Everything here runs on one control thread with a small runtime of its own ([`thread`]), except for [`execute`], which
//! runs on the threads of handlers ([`handlers`]). So no handler, whatever it does, holds up takes, deliveries, heartbeats or
//! stops. No HTTP in here: that is the platform's.

mod attempts;
mod concurrency;
mod config;
mod deliver;
mod emit;
mod execute;
mod failures;
mod fresh;
mod handlers;
mod heartbeat;
mod inbox;
mod job;
mod jobs;
mod line;
mod pace;
mod redelivery;
mod refuse;
mod signals;
mod some_of;
mod stop;
mod stopping;
mod take;
mod thread;

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use tokio::time::{Instant, sleep_until, timeout};

use crate::handler::{Dispatch, StateCell};
use crate::platform::{Health, Platform, Reporter};
use crate::process::panics::Panic;
use crate::spool::SpoolWriter;

use concurrency::Concurrency;
use failures::Failures;
use fresh::Fresh;
use inbox::{Inbox, Link};
use jobs::Jobs;
use line::Line;
use stopping::{Stopping, Unhealthy};

pub use config::WorkerConfig;
pub(crate) use handlers::Handlers;
#[cfg(feature = "local")]
pub(crate) use thread::Running;
pub(crate) use thread::{run_here, start};

/// After the drain deadline: how long the failed results of the jobs that were cut off may take to be delivered.
const LAST_DELIVERIES: Duration = Duration::from_secs(5);
/// Once no handler runs any more: how long the process stays for results that the platform does not accept and the spool has.
const LONGEST_DELIVERY_AT_THE_END: Duration = Duration::from_secs(30);
/// And how long it may take to write what is left into the spool.
const LAST_WRITES: Duration = Duration::from_secs(2);

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

/// What the worker's tasks share.
struct Shared {
    platform: Arc<dyn Platform>,
    dispatch: Dispatch,
    state: Option<StateCell>,
    refresh_worker: bool,
    aggregate: bool,
    reporter: Reporter,
    spool: Option<SpoolWriter>,
    worker_id: Arc<str>,
    handlers: Handlers,
    jobs: Jobs,
    inbox: Arc<Inbox>,
    link: Arc<Link>,
    fresh: Fresh,
    line: Line,
    failures: Failures,
    stopping: Stopping,
}

/// Runs a worker to its end, on the control thread.
async fn run(parts: Parts, stopping: Stopping) -> Ended {
    let config = parts.config;
    let inbox = Arc::<Inbox>::default();
    let link = Link {
        inbox: Arc::clone(&inbox),
        stopping: stopping.clone(),
        reporter: parts.reporter.clone(),
    };
    let shared = Arc::new(Shared {
        platform: parts.platform,
        dispatch: parts.dispatch,
        state: parts.state,
        refresh_worker: config.refresh_worker,
        aggregate: config.return_aggregate_stream,
        reporter: parts.reporter,
        fresh: Fresh::new(parts.spool.is_some()),
        spool: parts.spool,
        worker_id: parts.worker_id,
        handlers: parts.handlers,
        jobs: Jobs::new(),
        inbox,
        link: Arc::new(link),
        line: Line::new(),
        failures: Failures::new(config.max_consecutive_failures),
        stopping,
    });
    if parts.handles_signals {
        tokio::spawn(signals::watch(Arc::clone(&shared), parts.shutdown_grace));
    }
    tokio::spawn(heartbeat::beat(Arc::clone(&shared), parts.ping_interval));
    tokio::spawn(stop::listen(Arc::clone(&shared)));
    tokio::spawn(job::receive(Arc::clone(&shared)));
    tokio::spawn(fresh::keep_slow_results(Arc::clone(&shared)));
    let redelivery = tokio::spawn(redelivery::redeliver(Arc::clone(&shared)));

    let concurrency = Concurrency::new(config.concurrency, config.concurrency_modifier);
    take::take_jobs(&shared, concurrency).await;
    let cut = drain(&shared).await;
    // A kept result that was just accepted is to be forgotten, not offered again by the next worker.
    let _ = timeout(LAST_WRITES, redelivery).await;
    if let Some(spool) = &shared.spool {
        spool.leave().await;
    }

    if let Some(unhealthy) = shared.stopping.unhealthy() {
        let health = Health::Unhealthy {
            check: unhealthy.check,
            reason: &unhealthy.reason,
        };
        if let Some(ping) = shared.platform.ping(health) {
            ping.await;
        }
        return Ended::Unhealthy(unhealthy);
    }
    if cut > 0 {
        Ended::Cut(cut)
    } else if shared.stopping.wants_a_fresh_worker() {
        Ended::Refreshed
    } else {
        Ended::Finished
    }
}

/// Waits for the jobs that run and for their results; cuts them off when their time is over. How many were cut off.
async fn drain(shared: &Arc<Shared>) -> usize {
    let running = shared.jobs.len();
    if running > 0 {
        tracing::info!("finishing {running} jobs before the worker ends");
    }
    let mut give_up_at = None;
    loop {
        job::start_waiting(shared);
        if shared.jobs.is_empty() {
            return 0;
        }
        // What the spool keeps need not hold the process for as long as a job may run.
        let keeps = shared
            .spool
            .as_ref()
            .is_some_and(SpoolWriter::keeps_results);
        if keeps && !shared.jobs.has_unfinished() {
            give_up_at.get_or_insert_with(|| Instant::now() + LONGEST_DELIVERY_AT_THE_END);
        } else {
            give_up_at = None;
        }
        tokio::select! {
            () = shared.jobs.slots.change() => {}
            () = shared.stopping.out_of_time() => break,
            () = sleep_until(give_up_at.unwrap_or_else(Instant::now)), if give_up_at.is_some() => {
                deliver_no_more(shared).await;
                return 0;
            }
        }
    }
    let cut = job::cut_off(shared);
    if cut > 0 {
        tracing::warn!("{cut} jobs were cut off: the worker's time to finish is over");
    }
    if timeout(LAST_DELIVERIES, until_empty(shared)).await.is_err() {
        deliver_no_more(shared).await;
    }
    cut
}

/// What is not accepted yet goes into the spool.
async fn deliver_no_more(shared: &Shared) {
    shared.stopping.deliver_no_more();
    let _ = timeout(LAST_WRITES, until_empty(shared)).await;
}

async fn until_empty(shared: &Shared) {
    while !shared.jobs.is_empty() {
        shared.jobs.slots.change().await;
    }
}

/// What a panic of the worker's own code says, for logs and clients.
fn thread_panicked(shared: &Shared, panic: &Panic) -> String {
    let place = panic.place.as_deref().unwrap_or("an unknown place");
    let message = format!(
        "the worker panicked while it worked on this job: {} (at {place}); this is a bug in runpod-worker",
        panic.message
    );
    shared.reporter.redacted(&message).into_owned()
}

#[cfg(test)]
mod tests;
