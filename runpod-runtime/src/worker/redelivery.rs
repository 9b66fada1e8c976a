//! Delivers results that are kept on disk: those of workers that have stopped, and those that this worker has given up.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::backoff::jittered;
use super::control::Control;
use super::deliver::{post_of, post_refusal, settled};
use super::events::WorkerEvent;
use super::retry::{Delivery, REDELIVERY, until_accepted};
use crate::platform::{Post, PostKind};
use crate::spool::{Claimed, Entry, SpoolWriter};

/// The shortest and the longest pause between two looks at the spool. The pause doubles whenever a result could not be
/// delivered.
const SOONEST: Duration = Duration::from_secs(30);
const LATEST: Duration = Duration::from_mins(10);

/// How many results are posted at once, so that a result that has to wait does not delay the others.
const AT_ONCE: usize = 16;

/// Delivers kept results, the oldest first, while the worker runs its own jobs. Looks at the spool again and again
/// until the worker stops.
pub(super) async fn redeliver(control: Arc<Control>) {
    let Some(spool) = control.spool.clone() else {
        return;
    };
    let mut pause = SOONEST;
    loop {
        let all_settled = round(&control, &spool).await;
        pause = if all_settled {
            SOONEST
        } else {
            (pause * 2).min(LATEST)
        };
        tokio::select! {
            // Jittered, so that workers that share a spool do not look at it at the same moment.
            () = sleep(jittered(pause)) => {}
            () = control.shutdown.begun() => return,
        }
    }
}

/// Looks at the spool once and delivers the results in it. Returns true if no result is left.
async fn round(control: &Arc<Control>, spool: &SpoolWriter) -> bool {
    let waiting = match spool.waiting().await {
        Some(Ok(waiting)) => waiting,
        Some(Err(error)) => {
            tracing::warn!("cannot look for kept results: {error}");
            return false;
        }
        None => {
            tracing::warn!(
                "cannot look for kept results: the disk does not respond, or the system refused to start a thread \
                 (RUNPOD_RESULT_SPOOL)"
            );
            return false;
        }
    };
    let mut all_settled = true;
    let mut offers = JoinSet::new();
    for entry in waiting {
        if control.shutdown.has_begun() {
            all_settled = false;
            break;
        }
        if offers.len() == AT_ONCE {
            all_settled &= offers
                .join_next()
                .await
                .is_some_and(|it| it.is_ok_and(|it| it));
        }
        let (control, spool) = (Arc::clone(control), spool.clone());
        offers.spawn(async move { claim_and_offer(&control, &spool, entry).await });
    }
    while let Some(settled) = offers.join_next().await {
        all_settled &= settled.is_ok_and(|settled| settled);
    }
    all_settled
}

/// Claims a result and delivers it. Returns true if nothing is left to do for the result, at least for this worker.
async fn claim_and_offer(control: &Control, spool: &SpoolWriter, entry: Entry) -> bool {
    match spool.claim(entry).await {
        Ok(Some(claimed)) => offer(control, claimed).await,
        Ok(None) => true,
        Err(error) => {
            tracing::warn!("a kept result cannot be read: {error}");
            false
        }
    }
}

/// Posts a kept result. Returns true if the result is settled. Otherwise it waits again, with the stream items that the
/// platform does not have yet.
async fn offer(control: &Control, claimed: Claimed) -> bool {
    let Claimed { mut result, copy } = claimed;
    let mut delivery = Delivery::Accepted;
    while let (Delivery::Accepted, Some(item)) = (&delivery, result.items.first()) {
        let post = Post {
            job_id: Arc::clone(&result.job_id),
            worker_id: Arc::clone(&result.worker_id),
            kind: PostKind::Item,
            body: item.clone(),
        };
        delivery = until_accepted(control, &post, REDELIVERY).await;
        if matches!(delivery, Delivery::Accepted) {
            result.items.remove(0);
        }
    }
    if matches!(delivery, Delivery::Accepted) {
        delivery = until_accepted(control, &post_of(&result), REDELIVERY).await;
        if let Delivery::Refused(why) = &delivery {
            // If the result asked for a fresh worker, it meant the worker that made it.
            let refusal = (why.as_str(), false);
            delivery = post_refusal(control, &mut result, &copy, REDELIVERY, refusal).await;
        }
        if matches!(delivery, Delivery::Accepted) {
            WorkerEvent::Redelivered {
                job_id: &result.job_id,
            }
            .emit();
        }
    }
    let is_unknown = matches!(delivery, Delivery::Unknown(_));
    let Err(why) = settled(delivery, &result, &copy) else {
        return true;
    };
    if is_unknown
        && copy
            .expire("the platform does not know its job, and the result is older than 24 hours")
            .await
    {
        return true;
    }
    let job_id = Arc::clone(&result.job_id);
    match copy.release(result).await {
        Ok(()) => tracing::warn!(
            job_id = &*job_id,
            "a kept result could not be delivered yet: {why}"
        ),
        Err(error) => tracing::warn!(
            job_id = &*job_id,
            "a kept result could not be delivered ({why}), and it cannot be released to other workers yet: {error}"
        ),
    }
    false
}
