//! Tries to deliver one thing again and again, for as long as that can help.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::RetryBackoff;
use super::control::Control;
use crate::platform::{Post, PostKind, Posted};

/// How long to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryLimits {
    pub(super) with_trouble: Duration,
    /// How long after the first of several such answers in a row. The platform may have just restarted, and know the job
    /// again soon; that is not worth half an hour.
    pub(super) with_unknown_job: Duration,
    /// Whether to give up as soon as the worker begins to end: somebody else will try.
    pub(super) ends_with_the_worker: bool,
}

/// The platform keeps a result for its client this long: no use in trying for longer without a pause.
pub(super) const FIRST_DELIVERY: RetryLimits = RetryLimits {
    with_trouble: Duration::from_mins(30),
    with_unknown_job: Duration::from_mins(1),
    ends_with_the_worker: false,
};

/// For results that were given up before: they will have another turn.
pub(super) const REDELIVERY: RetryLimits = RetryLimits {
    with_trouble: Duration::from_secs(20),
    with_unknown_job: Duration::ZERO,
    ends_with_the_worker: true,
};

/// How the attempts to deliver something ended.
#[derive(Debug)]
pub(super) enum Delivery {
    Accepted,
    Refused(String),
    /// The platform has its answer already.
    NotWanted(String),
    /// The platform does not know the job.
    Unknown(String),
    /// Time ran out, for this last reason.
    GaveUp(String),
    /// The worker ended before it was accepted, for this last reason.
    Ended(String),
}

/// Posts until the platform accepts, refuses, or there is no more time.
pub(super) async fn until_accepted(
    control: &Control,
    post: &Post,
    limits: RetryLimits,
) -> Delivery {
    let begun = Instant::now();
    match attempt(control, post).await {
        Some(Posted::Accepted) => Delivery::Accepted,
        // In a box, like all that is rarely needed: a job's task is as large as its largest part.
        first => Box::pin(try_again(control, post, limits, (begun, first))).await,
    }
}

/// Posts once. `None` if the worker ends before there is an answer.
pub(super) async fn attempt(control: &Control, post: &Post) -> Option<Posted> {
    tokio::select! {
        biased;
        () = control.shutdown.no_more_deliveries() => None,
        posted = control.retries.post(&*control.platform, post) => Some(posted),
    }
}

/// Goes on after the first attempt: when it began, and how it ended.
pub(super) async fn try_again(
    control: &Control,
    post: &Post,
    limits: RetryLimits,
    (begun, mut posted): (Instant, Option<Posted>),
) -> Delivery {
    let mut unknown_since = None;
    let mut backoff = RetryBackoff::default();
    loop {
        let Some(answer) = posted else {
            return Delivery::Ended("the worker ends".to_owned());
        };
        let (why, asked, is_over) = match answer {
            Posted::Accepted => return Delivery::Accepted,
            Posted::Refused { why } => return Delivery::Refused(why),
            Posted::NotWanted { why } => return Delivery::NotWanted(why),
            Posted::Later { why, after } => {
                unknown_since = None;
                (why, after, begun.elapsed() >= limits.with_trouble)
            }
            Posted::UnknownJob { why } => {
                let since = unknown_since.get_or_insert_with(Instant::now);
                (why, None, since.elapsed() >= limits.with_unknown_job)
            }
        };
        if is_over {
            return if unknown_since.is_some() {
                Delivery::Unknown(why)
            } else {
                Delivery::GaveUp(why)
            };
        }
        let pause = backoff.next();
        tracing::warn!(
            job_id = &*post.job_id,
            "{} was not accepted, next attempt in {} ms or more: {why}",
            what(post.kind),
            pause.max(asked.unwrap_or_default()).as_millis()
        );
        tokio::select! {
            () = control.retries.turn(pause, asked) => {}
            () = control.shutdown.begun(), if limits.ends_with_the_worker => {
                return Delivery::Ended(why);
            }
            () = control.shutdown.no_more_deliveries() => return Delivery::Ended(why),
        }
        posted = attempt(control, post).await;
    }
}

fn what(kind: PostKind) -> &'static str {
    match kind {
        PostKind::Item => "a stream item",
        PostKind::Progress => "a progress update",
        PostKind::Result { .. } => "the result",
    }
}
