//! Delivers what jobs make: in order, again and again while that can help, and never into nothing.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Shared;
use super::book::Ticket;
use super::pace::Backoff;
use crate::handler::{Failure, Message, Outbox};
use crate::platform::spool::SpooledResult;
use crate::platform::{Outcome, Post, PostKind, Posted, ResultBody, item_body, progress_body};

/// The platform keeps a result for its client this long: no use in trying for longer.
const PATIENCE: Duration = Duration::from_mins(30);
/// An unknown job may be a platform that just restarted; it is not worth half an hour.
const UNKNOWN_JOB_PATIENCE: Duration = Duration::from_mins(1);
/// A progress update is old news soon.
const PROGRESS_ATTEMPTS: u32 = 3;

/// How the attempts to deliver something ended.
#[derive(Debug)]
enum Delivery {
    Accepted,
    Refused(String),
    /// The platform has its answer already.
    NotWanted(String),
    /// Time ran out, for this last reason.
    GaveUp(String),
}

/// Sends off a job's progress and items until its channel is closed and empty.
///
/// # Errors
///
/// When an item cannot be delivered: the stream has a hole then, which its client must be told of.
pub(super) async fn emitted(shared: &Shared, id: &str, outbox: &Outbox) -> Result<(), String> {
    let mut number = 0;
    while let Some(message) = outbox.next().await {
        match message {
            Message::Progress(update) => progress(shared, id, progress_body(&update), outbox).await,
            Message::Item(item) => {
                number += 1;
                let post = Post {
                    job_id: id.to_owned(),
                    kind: PostKind::Item,
                    body: item_body(&item).into(),
                };
                match until_accepted(shared, &post).await {
                    Delivery::Accepted => {}
                    Delivery::Refused(why) | Delivery::NotWanted(why) | Delivery::GaveUp(why) => {
                        tracing::error!("stream item {number} could not be delivered: {why}");
                        outbox.discard();
                        return Err(format!(
                            "stream item {number} could not be delivered: {why}"
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

async fn progress(shared: &Shared, id: &str, body: String, outbox: &Outbox) {
    let post = Post {
        job_id: id.to_owned(),
        kind: PostKind::Progress,
        body: body.into(),
    };
    let mut backoff = Backoff::default();
    for attempt in 1..=PROGRESS_ATTEMPTS {
        match shared.platform.post(&post).await {
            Posted::Accepted => return,
            Posted::Later { why, after } if attempt < PROGRESS_ATTEMPTS && !outbox.has_more() => {
                tracing::debug!("a progress update was not accepted: {why}");
                sleep(backoff.next(after)).await;
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

/// Delivers a job's result. Returns when the platform has it, when it is in the spool, or when nobody wants it.
pub(super) async fn result(
    shared: &Shared,
    id: &str,
    streaming: bool,
    body: ResultBody,
    ticket: &Ticket,
) {
    if let Some(error) = &body.error {
        tracing::error!(job_id = id, "Job failed: {error}");
    }
    tokio::select! {
        biased;
        () = ticket.stopped() => {
            tracing::info!(job_id = id, "Job stopped: its result is no longer wanted.");
        }
        () = deliver(shared, id, streaming, body.json) => {}
    }
}

async fn deliver(shared: &Shared, id: &str, streaming: bool, body: String) {
    let post = Post {
        job_id: id.to_owned(),
        kind: PostKind::Result { streaming },
        body: body.into(),
    };
    match until_accepted(shared, &post).await {
        Delivery::Accepted => tracing::info!(job_id = id, "Finished."),
        Delivery::Refused(why) => {
            tracing::error!(job_id = id, "the result was refused: {why}");
            tell_of_refusal(shared, id, streaming, why).await;
        }
        Delivery::NotWanted(why) => not_wanted(id, &why),
        Delivery::GaveUp(why) => keep(shared, &post, streaming, why).await,
    }
}

/// The client is told that the result was refused: FAILED at once, and not a job that hangs.
async fn tell_of_refusal(shared: &Shared, id: &str, streaming: bool, why: String) {
    let failure = Failure::new(
        "ResultRefused",
        format!("the job was done, but its result was not accepted: {why}"),
    )
    .at("while the result was delivered");
    let body = shared.reporter.result(
        &Outcome::Failed(failure),
        streaming,
        shared.refresh_worker,
        None,
    );
    let post = Post {
        job_id: id.to_owned(),
        kind: PostKind::Result { streaming },
        body: body.json.into(),
    };
    match until_accepted(shared, &post).await {
        Delivery::Accepted => {}
        Delivery::Refused(why) => {
            tracing::error!(
                job_id = id,
                "the failed result was refused too, so this job ends without one: {why}"
            );
        }
        Delivery::NotWanted(why) => not_wanted(id, &why),
        Delivery::GaveUp(why) => keep(shared, &post, streaming, why).await,
    }
}

fn not_wanted(id: &str, why: &str) {
    tracing::warn!(
        job_id = id,
        "the platform no longer wants the job's result: {why}"
    );
}

/// Posts until the platform accepts, refuses, or there is no more time.
async fn until_accepted(shared: &Shared, post: &Post) -> Delivery {
    let begun = Instant::now();
    let mut backoff = Backoff::default();
    loop {
        let posted = tokio::select! {
            biased;
            () = shared.stopping.no_more_deliveries() => {
                return Delivery::GaveUp("the worker ends".to_owned());
            }
            posted = shared.platform.post(post) => posted,
        };
        let (why, after, patience) = match posted {
            Posted::Accepted => return Delivery::Accepted,
            Posted::Refused { why } => return Delivery::Refused(why),
            Posted::NotWanted { why } => return Delivery::NotWanted(why),
            Posted::Later { why, after } => (why, after, PATIENCE),
            Posted::UnknownJob { why } => (why, None, UNKNOWN_JOB_PATIENCE),
        };
        if begun.elapsed() >= patience {
            return Delivery::GaveUp(why);
        }
        let pause = backoff.next(after);
        tracing::warn!(
            job_id = post.job_id,
            "{} was not accepted, next attempt in {} ms: {why}",
            what(post.kind),
            pause.as_millis()
        );
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.stopping.no_more_deliveries() => return Delivery::GaveUp(why),
        }
    }
}

fn what(kind: PostKind) -> &'static str {
    match kind {
        PostKind::Item => "a stream item",
        PostKind::Progress => "a progress update",
        PostKind::Result { .. } => "the result",
    }
}

/// Keeps a result for the next start of a worker.
async fn keep(shared: &Shared, post: &Post, streaming: bool, why: String) {
    let id = post.job_id.as_str();
    let Some(spool) = shared.spool.clone() else {
        tracing::error!(
            job_id = id,
            "the result is lost: it could not be delivered ({why}), and there is no spool"
        );
        return;
    };
    let kept = SpooledResult {
        job_id: post.job_id.clone(),
        worker_id: shared.worker_id.to_string(),
        body: String::from_utf8_lossy(&post.body).into_owned(),
        is_stream: streaming,
        failed_reason: Some(why.clone()),
        stored_at_unix: std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs(),
    };
    match tokio::task::spawn_blocking(move || spool.store(&kept)).await {
        Ok(Ok(())) => tracing::warn!(
            job_id = id,
            "the result could not be delivered ({why}); it is kept and offered again at the next start"
        ),
        Ok(Err(error)) => {
            tracing::error!(
                job_id = id,
                "the result is lost: not delivered ({why}), not kept ({error})"
            );
        }
        Err(_) => tracing::error!(
            job_id = id,
            "the result is lost: not delivered ({why}), and the worker ended"
        ),
    }
}

/// Offers one result that an earlier worker could not deliver. True when it is settled and need not be kept.
///
/// An attempt is never broken off: the result could have been accepted, and would be offered once more.
pub(super) async fn offer_again(shared: &Shared, kept: SpooledResult) -> bool {
    let post = Post {
        job_id: kept.job_id,
        kind: PostKind::Result {
            streaming: kept.is_stream,
        },
        body: kept.body.into(),
    };
    let id = post.job_id.as_str();
    let begun = Instant::now();
    let mut backoff = Backoff::default();
    loop {
        let (why, after, patience) = match shared.platform.post(&post).await {
            Posted::Accepted => {
                tracing::info!(
                    job_id = id,
                    "a result that an earlier worker kept is delivered"
                );
                return true;
            }
            Posted::Refused { why } | Posted::NotWanted { why } => {
                tracing::error!(
                    job_id = id,
                    "a result that an earlier worker kept was refused: {why}"
                );
                return true;
            }
            Posted::Later { why, after } => (why, after, PATIENCE),
            Posted::UnknownJob { why } => (why, None, UNKNOWN_JOB_PATIENCE),
        };
        if begun.elapsed() < patience && !shared.stopping.has_begun() {
            tokio::select! {
                () = sleep(backoff.next(after)) => continue,
                () = shared.stopping.begun() => {}
            }
        }
        tracing::warn!(
            job_id = id,
            "a result that an earlier worker kept stays kept: {why}"
        );
        return false;
    }
}
