//! Delivers a job's result: again and again while that can help, and never into nothing.

use std::sync::Arc;

use bytes::Bytes;

use super::Shared;
use super::attempts::{AGAIN, Delivery, FIRST, Patience, until_accepted};
use super::book::Ticket;
use super::on_disk::OnDisk;
use crate::handler::{Failure, Payload};
use crate::platform::spool::Record;
use crate::platform::{Outcome, Post, PostKind, item_body};

/// A result on its way.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) id: String,
    /// The worker that ran the job.
    pub(super) worker_id: Arc<str>,
    pub(super) streaming: bool,
    pub(super) body: Bytes,
    pub(super) on_disk: OnDisk,
    /// No line in the log says that it was delivered.
    pub(super) quiet: bool,
}

impl Parcel {
    /// The same, of which the log says nothing as long as nothing goes wrong.
    pub(super) fn quiet(self) -> Self {
        Self {
            quiet: true,
            ..self
        }
    }

    /// Another result of the same job, with its copy on disk soon to be there.
    fn in_place_of(refused: &Self, shared: &Shared, body: Bytes) -> Self {
        let parcel = Self {
            id: refused.id.clone(),
            worker_id: Arc::clone(&refused.worker_id),
            streaming: refused.streaming,
            body,
            on_disk: OnDisk::new(shared.spool.as_ref()),
            quiet: false,
        };
        parcel.on_disk.write_soon(parcel.record(Vec::new()));
        parcel
    }

    fn post(&self) -> Post {
        Post {
            job_id: self.id.clone(),
            worker_id: Arc::clone(&self.worker_id),
            kind: PostKind::Result {
                streaming: self.streaming,
            },
            body: self.body.clone(),
        }
    }

    fn record(&self, items: Vec<Bytes>) -> Record {
        Record {
            job_id: self.id.clone(),
            worker_id: self.worker_id.to_string(),
            is_stream: self.streaming,
            items,
            body: self.body.clone(),
        }
    }
}

/// Stream items as they are posted.
pub(super) fn item_bodies(items: &[Arc<Payload>]) -> Vec<Bytes> {
    items.iter().map(|item| item_body(item)).collect()
}

/// Delivers a job's result. Returns when the platform has it, when it is in the spool, or when nobody wants it.
pub(super) async fn result(shared: &Shared, parcel: Parcel, ticket: &Ticket) {
    tokio::select! {
        biased;
        () = ticket.stopped() => {
            tracing::info!(job_id = parcel.id, "Job stopped: its result is no longer wanted.");
            parcel.on_disk.settle().await;
        }
        () = deliver(shared, &parcel, ticket) => {}
    }
}

async fn deliver(shared: &Shared, parcel: &Parcel, ticket: &Ticket) {
    let delivery = until_accepted(shared, &parcel.post(), FIRST).await;
    // Whatever happens from here on, no other result of this job may follow one that arrived.
    if matches!(delivery, Delivery::Accepted | Delivery::NotWanted(_)) {
        ticket.answered();
    }
    match delivery {
        Delivery::Accepted => {
            if !parcel.quiet {
                tracing::info!(job_id = parcel.id, "Finished.");
            }
            parcel.on_disk.settle().await;
        }
        Delivery::Refused(why) => {
            tracing::error!(job_id = parcel.id, "the result was refused: {why}");
            tell_of_refusal(shared, parcel, why, FIRST).await;
        }
        Delivery::NotWanted(why) => not_wanted(parcel, &why).await,
        Delivery::GaveUp(why) | Delivery::Ended(why) => {
            let record = parcel.record(Vec::new());
            told_of_leaving(&parcel.id, &why, parcel.on_disk.leave(record).await);
        }
    }
}

/// The client is told that the result was refused: FAILED at once, and not a job that hangs. True when that is settled.
async fn tell_of_refusal(
    shared: &Shared,
    refused: &Parcel,
    why: String,
    patience: Patience,
) -> bool {
    let failure = Failure::new(
        "ResultRefused",
        format!("the job was done, but its result was not accepted: {why}"),
    )
    .at("while the result was delivered");
    let body = shared.reporter.result(
        Outcome::Failed(failure),
        refused.streaming,
        shared.refresh_worker,
        None,
    );
    // What was refused is offered by nobody again.
    let parcel = Parcel::in_place_of(refused, shared, body.body);
    parcel.on_disk.is_there_or_late().await;
    refused.on_disk.settle().await;
    match until_accepted(shared, &parcel.post(), patience).await {
        Delivery::Accepted => parcel.on_disk.settle().await,
        Delivery::Refused(why) => {
            tracing::error!(
                job_id = parcel.id,
                "the failed result was refused too, so this job ends without one: {why}"
            );
            parcel.on_disk.settle().await;
        }
        Delivery::NotWanted(why) => not_wanted(&parcel, &why).await,
        Delivery::GaveUp(why) | Delivery::Ended(why) => {
            let record = parcel.record(Vec::new());
            told_of_leaving(&parcel.id, &why, parcel.on_disk.leave(record).await);
            return false;
        }
    }
    true
}

async fn not_wanted(parcel: &Parcel, why: &str) {
    tracing::warn!(
        job_id = parcel.id,
        "the platform no longer wants the job's result: {why}"
    );
    parcel.on_disk.settle().await;
}

fn told_of_leaving(id: &str, why: &str, left: Result<(), String>) {
    match left {
        Ok(()) => tracing::warn!(
            job_id = id,
            "the result could not be delivered ({why}); it is kept and offered again"
        ),
        Err(error) => tracing::error!(
            job_id = id,
            "the result is lost: not delivered ({why}), not kept ({error})"
        ),
    }
}

/// Leaves a result in the spool whose stream items were not all delivered before the worker ended.
pub(super) async fn leave_unfinished(parcel: Parcel, undelivered: &[Arc<Payload>], why: &str) {
    let record = parcel.record(item_bodies(undelivered));
    let left = parcel.on_disk.leave_instead(record).await;
    told_of_leaving(&parcel.id, why, left);
}

/// Offers one result that could not be delivered before. True when it is settled; else it waits again.
pub(super) async fn offer_again(shared: &Shared, kept: Record, on_disk: &OnDisk) -> bool {
    let parcel = Parcel {
        id: kept.job_id,
        worker_id: kept.worker_id.into(),
        streaming: kept.is_stream,
        body: kept.body,
        on_disk: on_disk.clone(),
        quiet: false,
    };
    let mut items = kept.items;
    while let Some(item) = items.first() {
        let post = Post {
            job_id: parcel.id.clone(),
            worker_id: Arc::clone(&parcel.worker_id),
            kind: PostKind::Item,
            body: item.clone(),
        };
        match until_accepted(shared, &post, AGAIN).await {
            Delivery::Accepted => drop(items.remove(0)),
            other => return put_back(shared, &parcel, items, other).await,
        }
    }
    match until_accepted(shared, &parcel.post(), AGAIN).await {
        Delivery::Accepted => {
            tracing::info!(job_id = parcel.id, "A result that was kept is delivered.");
            on_disk.settle().await;
            true
        }
        other => put_back(shared, &parcel, items, other).await,
    }
}

/// What to do with a kept result that was not accepted, and the items of it that are left.
async fn put_back(shared: &Shared, parcel: &Parcel, items: Vec<Bytes>, end: Delivery) -> bool {
    match end {
        Delivery::Refused(why) => {
            tracing::error!(
                job_id = parcel.id,
                "a result that was kept was refused: {why}"
            );
            tell_of_refusal(shared, parcel, why, AGAIN).await
        }
        Delivery::NotWanted(why) => {
            not_wanted(parcel, &why).await;
            true
        }
        Delivery::Accepted => true,
        Delivery::GaveUp(why) | Delivery::Ended(why) => {
            tracing::warn!(
                job_id = parcel.id,
                "a result that was kept stays kept: {why}"
            );
            let record = parcel.record(items);
            if let Err(error) = parcel.on_disk.leave_instead(record).await {
                tracing::warn!(job_id = parcel.id, "it cannot be put back: {error}");
            }
            false
        }
    }
}
