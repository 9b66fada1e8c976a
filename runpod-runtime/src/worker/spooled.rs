//! Offers results that could not be delivered: by a worker that is gone, or by this one for as long as it tried.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::on_disk::OnDisk;
use super::{Shared, deliver};
use crate::platform::spool::{Entry, LEASE, Spool, SpoolError};
use crate::threads::blocking;

/// How often it is looked whether something waits, at first and at least; twice as long after each time that nothing could
/// be delivered.
const SOONEST: Duration = Duration::from_secs(30);
const LATEST: Duration = Duration::from_mins(10);

/// How many are offered at once, so that one which has to wait does not hold up the others.
const AT_ONCE: usize = 16;

/// Offers what waits, oldest first, beside the worker's own work; and looks again now and then, until the worker ends.
pub(super) async fn offer(shared: Arc<Shared>) {
    let Some(spool) = shared.spool.clone() else {
        return;
    };
    let mut pause = SOONEST;
    loop {
        let all_settled = round(&shared, &spool).await;
        pause = if all_settled {
            SOONEST
        } else {
            (pause * 2).min(LATEST)
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.stopping.begun() => return,
        }
    }
}

/// Keeps what is this worker's from being taken over by others.
pub(super) async fn stay_known(shared: Arc<Shared>) {
    let Some(spool) = shared.spool.clone() else {
        return;
    };
    let mut ticks = interval(LEASE / 4);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let spool = spool.clone();
        if let Some(Err(error)) = blocking(move || spool.renew()).await {
            tracing::debug!("the spool cannot be kept for this worker: {error}");
        }
    }
}

/// True when nothing is left that waits.
async fn round(shared: &Arc<Shared>, spool: &Spool) -> bool {
    let listed = {
        let spool = spool.clone();
        blocking(move || spool.waiting()).await
    };
    let waiting = match listed {
        Some(Ok(waiting)) => waiting,
        Some(Err(error)) => {
            tracing::warn!("results that could not be delivered cannot be looked for: {error}");
            return false;
        }
        None => return false,
    };
    let mut all_settled = true;
    let mut offers = JoinSet::new();
    for entry in waiting {
        if shared.stopping.has_begun() {
            all_settled = false;
            break;
        }
        if offers.len() == AT_ONCE {
            all_settled &= offers
                .join_next()
                .await
                .is_some_and(|it| it.is_ok_and(|it| it));
        }
        let (shared, spool) = (Arc::clone(shared), spool.clone());
        offers.spawn(async move { one(&shared, &spool, entry).await });
    }
    while let Some(settled) = offers.join_next().await {
        all_settled &= settled.is_ok_and(|settled| settled);
    }
    all_settled
}

/// True when nothing is left to do for it, at least for this worker.
async fn one(shared: &Shared, spool: &Spool, entry: Entry) -> bool {
    let taken_over = {
        let spool = spool.clone();
        blocking(move || {
            let Some(entry) = spool.claim(&entry)? else {
                return Ok(None);
            };
            match spool.load(&entry) {
                Ok(loaded) => Ok::<_, SpoolError>(loaded.map(|record| (entry, record))),
                Err(error) => {
                    // A disk may read again what it could not read once: it stays nobody's.
                    spool.release(&entry)?;
                    Err(error)
                }
            }
        })
        .await
    };
    let (entry, record) = match taken_over {
        Some(Ok(Some(found))) => found,
        Some(Ok(None)) => return true,
        Some(Err(error)) => {
            tracing::warn!("a result that was kept cannot be read: {error}");
            return false;
        }
        None => return false,
    };
    deliver::offer_again(shared, record, &OnDisk::of(spool, entry)).await
}
