//! The worker: takes jobs, runs each in its slot, delivers what it made, refreshes, stops, ends.
//!
//! Everything here runs on one control thread with a small runtime of its own ([`thread`]); handlers run on theirs
//! ([`handlers`]). So no handler, whatever it does, holds up takes, deliveries, heartbeats or stops. No HTTP in here: that is
//! the platform's.

mod attempts;
mod book;
mod concurrency;
mod copy;
mod deliver;
mod emit;
mod failures;
mod handlers;
mod heartbeat;
mod job;
mod line;
mod on_disk;
mod pace;
mod refuse;
mod run;
mod signals;
mod some_of;
mod spooled;
mod stop;
mod stopping;
mod take;
mod thread;

/// What [`copy`] is built on; loom's in its stead where all its schedules are tried.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
}

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::handler::{CancelReason, Dispatch, StateCell};
use crate::platform::spool::Spool;
use crate::platform::{Health, Platform, Reporter};
use crate::threads;

use book::JobBook;
use failures::Failures;
use line::Line;
use stopping::{Stopping, Unhealthy};

pub(crate) use concurrency::{Concurrency, Modifier};
pub(crate) use handlers::Handlers;
#[cfg(feature = "local")]
pub(crate) use thread::Running;
pub(crate) use thread::{run_here, start};

/// After the drain deadline: how long the failed results of the jobs that were cut off may take to be delivered.
const LAST_DELIVERIES: Duration = Duration::from_secs(5);
/// And how long it may take to write what is left into the spool.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// All that a worker is made from.
pub(crate) struct Parts {
    pub(crate) platform: Arc<dyn Platform>,
    pub(crate) dispatch: Dispatch,
    pub(crate) state: Option<StateCell>,
    pub(crate) policy: Policy,
    pub(crate) reporter: Reporter,
    pub(crate) spool: Option<Spool>,
    pub(crate) worker_id: Arc<str>,
    /// Where handlers run.
    pub(crate) handlers: Handlers,
}

/// How a worker behaves.
pub(crate) struct Policy {
    pub(crate) concurrency: Concurrency,
    /// A fresh worker after every job.
    pub(crate) refresh_worker: bool,
    pub(crate) return_aggregate_stream: bool,
    /// After so many failed jobs in a row the worker is broken.
    pub(crate) max_consecutive_failures: Option<NonZeroUsize>,
    pub(crate) ping_interval: Duration,
    /// How long running jobs may go on after a signal.
    pub(crate) shutdown_grace: Duration,
    /// Whether SIGTERM and SIGINT are the worker's to handle.
    pub(crate) handles_signals: bool,
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
    spool: Option<Spool>,
    worker_id: Arc<str>,
    handlers: Handlers,
    book: JobBook,
    line: Line,
    failures: Failures,
    stopping: Stopping,
}

/// Runs a worker to its end, on the control thread.
async fn run(parts: Parts, stopping: Stopping) -> Ended {
    let policy = parts.policy;
    let shared = Arc::new(Shared {
        platform: parts.platform,
        dispatch: parts.dispatch,
        state: parts.state,
        refresh_worker: policy.refresh_worker,
        aggregate: policy.return_aggregate_stream,
        reporter: parts.reporter,
        spool: parts.spool,
        worker_id: parts.worker_id,
        handlers: parts.handlers,
        book: JobBook::new(),
        line: Line::new(),
        failures: Failures::new(policy.max_consecutive_failures),
        stopping,
    });
    if policy.handles_signals {
        tokio::spawn(signals::watch(Arc::clone(&shared), policy.shutdown_grace));
    }
    tokio::spawn(heartbeat::beat(Arc::clone(&shared), policy.ping_interval));
    tokio::spawn(stop::listen(Arc::clone(&shared)));
    tokio::spawn(spooled::stay_known(Arc::clone(&shared)));
    let offering = tokio::spawn(spooled::offer(Arc::clone(&shared)));

    take::take_jobs(&shared, policy.concurrency).await;
    let cut = drain(&shared).await;
    // A kept result that was just accepted is to be forgotten, not offered again by the next worker.
    let _ = tokio::time::timeout(LAST_WRITES, offering).await;
    if let Some(spool) = shared.spool.clone() {
        let leaving = threads::blocking(move || spool.leave());
        let _ = tokio::time::timeout(LAST_WRITES, leaving).await;
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
    let running = shared.book.ids().len();
    if running > 0 {
        tracing::info!("finishing {running} jobs before the worker ends");
    }
    tokio::select! {
        () = shared.book.empty() => return 0,
        () = shared.stopping.out_of_time() => {}
    }
    let cut = shared.book.cancel_all(CancelReason::Shutdown);
    if cut > 0 {
        tracing::warn!("{cut} jobs were cut off: the worker's time to finish is over");
    }
    if tokio::time::timeout(LAST_DELIVERIES, shared.book.empty())
        .await
        .is_err()
    {
        shared.stopping.deliver_no_more();
        let _ = tokio::time::timeout(LAST_WRITES, shared.book.empty()).await;
    }
    cut
}

#[cfg(test)]
mod tests;
