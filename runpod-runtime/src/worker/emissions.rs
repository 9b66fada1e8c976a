//! Posts the progress updates and stream items of a running job, in the order in which the job produced them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::backoff::RetryBackoff;
use super::control::Control;
use super::events::WorkerEvent;
use super::retry::{Delivery, FIRST_DELIVERY, until_accepted};
use crate::handler::{Message, Outbox};
use crate::platform::{Post, PostKind, Posted, item_body, large_result, progress_body};

/// Few attempts, because a progress update is soon out of date.
const PROGRESS_ATTEMPTS: u32 = 3;
/// The time that items and the result wait for progress updates that the platform does not answer, in total.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Why some of the messages were not sent.
#[derive(Debug)]
pub(super) enum NotSent {
    /// An item could not be delivered. The stream has a gap, which its client must know about.
    Hole(String),
    /// The worker stopped first. The remaining messages are still in the outbox.
    Ended(String),
}

/// Posts messages until the outbox is closed and empty.
pub(super) async fn send_all(
    control: &Control,
    id: &Arc<str>,
    outbox: &Outbox,
) -> Result<(), NotSent> {
    #[cfg(feature = "openai")]
    outbox.limit_items(control.platform.largest_result());
    let mut number = 0;
    let mut delay_left = LONGEST_DELAY;
    while let Some(message) = outbox.next().await {
        match message {
            Message::Progress(update) => {
                let post = Post {
                    job_id: Arc::clone(id),
                    worker_id: Arc::clone(&control.worker_id),
                    kind: PostKind::Progress,
                    body: progress_body(&update),
                };
                delay_left = progress(control, &post, outbox, delay_left).await;
            }
            Message::Item(item) => {
                number += 1;
                let post = Post {
                    job_id: Arc::clone(id),
                    worker_id: Arc::clone(&control.worker_id),
                    kind: PostKind::Item,
                    body: item_body(&item),
                };
                let bytes = post.body.len();
                if let Some(limit) = control.platform.largest_result().filter(|it| bytes > *it) {
                    let what = format!("stream item {number}");
                    return Err(hole(outbox, large_result::refusal(&what, bytes, limit)));
                }
                match until_accepted(control, &post, FIRST_DELIVERY).await {
                    Delivery::Accepted => outbox.delivered(),
                    Delivery::Ended(why) => return Err(NotSent::Ended(why)),
                    Delivery::Refused(why)
                    | Delivery::NotWanted(why)
                    | Delivery::Unknown(why)
                    | Delivery::GaveUp(why) => {
                        let why = format!("stream item {number} could not be delivered: {why}");
                        return Err(hole(outbox, why));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Ends a stream that has a gap.
fn hole(outbox: &Outbox, why: String) -> NotSent {
    tracing::error!("{why}");
    outbox.discard();
    NotSent::Hole(why)
}

/// Posts a progress update a few times while nothing newer exists. Gives it up if other messages have waited behind it
/// for `delay_left`. Returns how long messages may wait behind the next update.
async fn progress(
    control: &Control,
    post: &Post,
    outbox: &Outbox,
    delay_left: Duration,
) -> Duration {
    let mut backoff = RetryBackoff::default();
    let mut attempt = 1;
    loop {
        let mut waiting_since = None;
        let overdue = async {
            outbox.more().await;
            sleep_until(*waiting_since.insert(Instant::now()) + delay_left).await;
        };
        let posted = tokio::select! {
            biased;
            () = control.shutdown.no_more_deliveries() => return delay_left,
            posted = control.retries.post(&*control.platform, post) => posted,
            () = overdue => {
                tracing::warn!("a progress update was dropped: the platform does not answer");
                return Duration::ZERO;
            }
        };
        match posted {
            Posted::Accepted => return LONGEST_DELAY,
            Posted::Later { why, after }
                if attempt < PROGRESS_ATTEMPTS
                    && !outbox.has_more()
                    && control.retries.has_turn() =>
            {
                let pause = backoff.next().max(after.unwrap_or_default());
                let why = &why;
                WorkerEvent::PostRetried { post, pause, why }.emit();
                tokio::select! {
                    () = sleep(pause) => {}
                    // A result must not wait for a progress update.
                    () = outbox.more() => return delay_left,
                }
                attempt += 1;
            }
            Posted::Later { why, .. }
            | Posted::Refused { why }
            | Posted::NotWanted { why }
            | Posted::UnknownJob { why } => {
                tracing::warn!("a progress update was dropped: {why}");
                let waited = waiting_since.map_or(Duration::ZERO, |since| since.elapsed());
                return delay_left.saturating_sub(waited);
            }
        }
    }
}
