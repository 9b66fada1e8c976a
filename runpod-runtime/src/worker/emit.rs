//! Sends off what a job makes while it runs: progress and stream items, in the order in which they were made.

use std::sync::Arc;

use bytes::Bytes;

use super::Shared;
use super::attempts::{Delivery, FIRST, until_accepted};
use super::pace::Backoff;
use crate::handler::{Message, Outbox};
use crate::platform::{Post, PostKind, Posted, item_body, progress_body};

/// A progress update is old news soon.
const PROGRESS_ATTEMPTS: u32 = 3;

/// Why not all of it was sent.
#[derive(Debug)]
pub(super) enum NotSent {
    /// An item cannot be delivered: the stream has a hole, which its client must be told of.
    Hole(String),
    /// The worker ended first. What is left is still in the outbox.
    Ended(String),
}

/// Sends until the channel is closed and empty.
pub(super) async fn emitted(
    shared: &Shared,
    id: &Arc<str>,
    outbox: &Outbox,
) -> Result<(), NotSent> {
    let mut number = 0;
    while let Some(message) = outbox.next().await {
        match message {
            Message::Progress(update) => progress(shared, id, progress_body(&update), outbox).await,
            Message::Item(item) => {
                number += 1;
                let post = Post {
                    job_id: Arc::clone(id),
                    worker_id: Arc::clone(&shared.worker_id),
                    kind: PostKind::Item,
                    body: item_body(&item),
                };
                match until_accepted(shared, &post, FIRST).await {
                    Delivery::Accepted => outbox.delivered(),
                    Delivery::Ended(why) => return Err(NotSent::Ended(why)),
                    Delivery::Refused(why)
                    | Delivery::NotWanted(why)
                    | Delivery::Unknown(why)
                    | Delivery::GaveUp(why) => {
                        let why = format!("stream item {number} could not be delivered: {why}");
                        tracing::error!("{why}");
                        outbox.discard();
                        return Err(NotSent::Hole(why));
                    }
                }
            }
        }
    }
    Ok(())
}

async fn progress(shared: &Shared, id: &Arc<str>, body: Bytes, outbox: &Outbox) {
    let post = Post {
        job_id: Arc::clone(id),
        worker_id: Arc::clone(&shared.worker_id),
        kind: PostKind::Progress,
        body,
    };
    let mut backoff = Backoff::default();
    for attempt in 1..=PROGRESS_ATTEMPTS {
        let posted = tokio::select! {
            biased;
            () = shared.stopping.no_more_deliveries() => return,
            posted = shared.line.post(&*shared.platform, &post) => posted,
        };
        match posted {
            Posted::Accepted => return,
            Posted::Later { why, after }
                if attempt < PROGRESS_ATTEMPTS && !outbox.has_more() && shared.line.has_turn() =>
            {
                tracing::debug!("a progress update was not accepted: {why}");
                let pause = backoff.next().max(after.unwrap_or_default());
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    // A result must not wait for it.
                    () = outbox.more() => return,
                }
            }
            Posted::Later { why, .. }
            | Posted::Refused { why }
            | Posted::NotWanted { why }
            | Posted::UnknownJob { why } => {
                tracing::warn!("a progress update was given up: {why}");
                return;
            }
        }
    }
}
