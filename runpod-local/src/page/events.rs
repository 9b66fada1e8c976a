//! Server-sent events, which keep the page up to date without polling.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{self, MissedTickBehavior};

use super::batch::Batch;
use crate::channel_body::ChannelBody;
use crate::context::Context;
use crate::queue::{JobId, PageEvent, Queue};

/// The pause after each batch. Events during the pause are sent together.
const PAUSE: Duration = Duration::from_millis(30);

/// The number of quiet seconds after which a comment is sent. It keeps the connection alive and detects broken
/// connections.
const STILL_HERE_AFTER: u32 = 15;

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    job: Option<String>,
}

pub(super) async fn events(
    Query(EventsQuery { job }): Query<EventsQuery>,
    State(Context { queue, limits, .. }): State<Context>,
) -> Response {
    let viewed = job.as_deref().and_then(JobId::parse);
    let batch = Batch::new(viewed, limits.event_bytes);
    let events = queue.subscribe();
    let (sink, batches) = mpsc::channel(1);
    tokio::spawn(send_batches(queue, events, batch, sink));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::new(ChannelBody::new(batches))).into_response()
}

async fn send_batches(
    queue: Queue,
    mut events: broadcast::Receiver<PageEvent>,
    mut batch: Batch,
    sink: mpsc::Sender<Bytes>,
) {
    let mut second = time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut quiet = 0;
    let mut sent_stats = String::new();
    let ending = queue.shutting_down();
    tokio::pin!(ending);
    loop {
        tokio::select! {
            event = events.recv() => {
                if add(&mut batch, event, &queue).is_err() {
                    return;
                }
                while let Some(event) = next(&mut events) {
                    if add(&mut batch, event, &queue).is_err() {
                        return;
                    }
                }
            }
            _ = second.tick() => batch.stats(&queue.stats(), &mut sent_stats),
            () = &mut ending => return,
            () = sink.closed() => return,
        }
        let mut text = batch.take(&queue);
        if text.is_empty() {
            quiet += 1;
            if quiet < STILL_HERE_AFTER {
                continue;
            }
            ": still here\n\n".clone_into(&mut text);
        }
        quiet = 0;
        // If the page reads slowly, the next events wait. They only name what has changed, so they need little
        // memory. Later the page gets the newest state, or a `reload` event, after which it loads everything again.
        if sink.send(text.into()).await.is_err() {
            return;
        }
        time::sleep(PAUSE).await;
    }
}

fn next(
    events: &mut broadcast::Receiver<PageEvent>,
) -> Option<Result<PageEvent, broadcast::error::RecvError>> {
    use broadcast::error::{RecvError, TryRecvError};
    match events.try_recv() {
        Ok(event) => Some(Ok(event)),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
        Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
    }
}

/// Adds an event to the batch. Fails if there will be no more events.
fn add(
    batch: &mut Batch,
    event: Result<PageEvent, broadcast::error::RecvError>,
    queue: &Queue,
) -> Result<(), ()> {
    match event {
        Ok(event) => batch.add(event, queue),
        Err(broadcast::error::RecvError::Lagged(_)) => batch.lost(),
        Err(broadcast::error::RecvError::Closed) => return Err(()),
    }
    Ok(())
}
