//! Delivers results that are kept on disk: results of workers that have ended, and results that this worker has given up.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::backoff::jittered;
use super::control::Control;
use super::deliver::{post_of, post_refusal, settled};
use super::retry::{Delivery, REDELIVERY, until_accepted};
use crate::platform::{Post, PostKind};
use crate::spool::{Claimed, Entry, SpoolWriter};

/// The pause between two looks at the spool: at first, and at most. It doubles whenever a result could not be delivered.
const SOONEST: Duration = Duration::from_secs(30);
const LATEST: Duration = Duration::from_mins(10);

/// How many results are posted at once, so that a result that has to wait does not hold up the others.
const AT_ONCE: usize = 16;

/// Delivers waiting results, the oldest first, beside the worker's own jobs. Looks again until the worker ends.
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
            // Jittered, so that workers that share a spool do not look at the same moment.
            () = sleep(jittered(pause)) => {}
            () = control.shutdown.begun() => return,
        }
    }
}

/// Looks at the spool once, and delivers what waits. True if no result is left.
async fn round(control: &Arc<Control>, spool: &SpoolWriter) -> bool {
    let waiting = match spool.waiting().await {
        Some(Ok(waiting)) => waiting,
        Some(Err(error)) => {
            tracing::warn!("results that could not be delivered cannot be looked for: {error}");
            return false;
        }
        None => {
            tracing::warn!(
                "results that could not be delivered cannot be looked for: the disk does not answer, or the system refuses a thread \
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

/// True if nothing is left to do for the result, at least for this worker.
async fn claim_and_offer(control: &Control, spool: &SpoolWriter, entry: Entry) -> bool {
    match spool.claim(entry).await {
        Ok(Some(claimed)) => offer(control, claimed).await,
        Ok(None) => true,
        Err(error) => {
            tracing::warn!("a result that was kept cannot be read: {error}");
            false
        }
    }
}

/// True if the result is settled. Otherwise it waits again, with the stream items that the platform does not have yet.
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
            tracing::info!(
                job_id = &*result.job_id,
                "A result that was kept is delivered."
            );
        }
    }
    let is_unknown = matches!(delivery, Delivery::Unknown(_));
    let Err(why) = settled(delivery, &result, &copy) else {
        return true;
    };
    if is_unknown
        && copy
            .expire("the platform does not know its job, and it is older than 24 hours")
            .await
    {
        return true;
    }
    let job_id = Arc::clone(&result.job_id);
    match copy.release(result).await {
        Ok(()) => tracing::warn!(
            job_id = &*job_id,
            "a result that was kept stays kept: {why}"
        ),
        Err(error) => tracing::warn!(
            job_id = &*job_id,
            "a result that was kept is not delivered ({why}), and cannot be put back yet: {error}"
        ),
    }
    false
}
