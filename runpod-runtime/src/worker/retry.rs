//! Tries to deliver one post repeatedly, as long as another attempt can help.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::RetryBackoff;
use super::control::Control;
use super::events::WorkerEvent;
use crate::platform::{Post, Posted};

/// How long to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryLimits {
    pub(super) with_trouble: Duration,
    /// How long to try after the first of several "unknown job" answers in a row. The platform may have just restarted
    /// and may soon know the job again. Half an hour would be too long for that.
    pub(super) with_unknown_job: Duration,
    /// Whether to give up as soon as the worker starts to shut down. Another worker will then try.
    pub(super) ends_with_the_worker: bool,
}

/// Limits for a new result. The platform keeps a result for its client for 30 minutes, so it makes no sense to try
/// longer without a pause.
pub(super) const FIRST_DELIVERY: RetryLimits = RetryLimits {
    with_trouble: Duration::from_mins(30),
    with_unknown_job: Duration::from_mins(1),
    ends_with_the_worker: false,
};

/// Limits for results that were given up before. They will be tried again later.
pub(super) const REDELIVERY: RetryLimits = RetryLimits {
    with_trouble: Duration::from_secs(20),
    with_unknown_job: Duration::ZERO,
    ends_with_the_worker: true,
};

/// The outcome of the attempts to deliver something.
#[derive(Debug)]
pub(super) enum Delivery {
    Accepted,
    Refused(String),
    /// The platform already has a result or does not want one.
    NotWanted(String),
    /// The platform does not know the job.
    Unknown(String),
    /// The time is over. Contains the reason of the last failure.
    GaveUp(String),
    /// The worker stopped before the platform accepted the post. Contains the reason of the last failure.
    Ended(String),
}

/// Posts until the platform accepts or refuses the post, or until the time is over.
pub(super) async fn until_accepted(
    control: &Control,
    post: &Post,
    limits: RetryLimits,
) -> Delivery {
    let begun = Instant::now();
    match attempt(control, post).await {
        Some(Posted::Accepted) => Delivery::Accepted,
        // Boxed like everything that is rarely needed, because a job's task is as large as its largest part.
        first => Box::pin(try_again(control, post, limits, (begun, first))).await,
    }
}

/// Posts once. Returns `None` if the worker stops before an answer arrives.
pub(super) async fn attempt(control: &Control, post: &Post) -> Option<Posted> {
    tokio::select! {
        biased;
        () = control.shutdown.no_more_deliveries() => None,
        posted = control.retries.post(&*control.platform, post) => Some(posted),
    }
}

/// Continues after the first attempt, which started at `begun` and had the outcome `posted`.
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
            return Delivery::Ended("the worker is stopping".to_owned());
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
        WorkerEvent::PostRetried {
            post,
            pause: pause.max(asked.unwrap_or_default()),
            why: &why,
        }
        .emit();
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
