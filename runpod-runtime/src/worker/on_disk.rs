//! A result's copy on disk, from the handler's end until the platform has the result: a worker that is killed meanwhile
//! has lost nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::copy::{Copy, Left};
use crate::platform::spool::{Entry, Record, Spool};
use crate::threads::{blocking, spawn_blocking};

/// A disk that takes longer is not waited for. What it does then is done in the background.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How long a result waits for its copy before it is posted. A disk that is at hand takes a fraction of a millisecond.
const LONGEST_DELAY: Duration = Duration::from_millis(20);

/// Whether it was said that copies cannot be written.
static TOLD: AtomicBool = AtomicBool::new(false);

/// The copy of one result. Clones are of the same; without a spool there is none.
#[derive(Debug, Clone)]
pub(super) struct OnDisk(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    spool: Spool,
    copy: Copy<Entry>,
    /// It was tried to write it.
    tried: CancellationToken,
}

impl OnDisk {
    pub(super) fn new(spool: Option<&Spool>) -> Self {
        Self(spool.map(|spool| {
            Arc::new(Inner {
                spool: spool.clone(),
                copy: Copy::new(),
                tried: CancellationToken::new(),
            })
        }))
    }

    /// A copy that is there already.
    pub(super) fn of(spool: &Spool, entry: Entry) -> Self {
        let copy = Copy::new();
        copy.begin();
        copy.written(entry);
        let tried = CancellationToken::new();
        tried.cancel();
        Self(Some(Arc::new(Inner {
            spool: spool.clone(),
            copy,
            tried,
        })))
    }

    /// Writes the copy, on this thread, unless it is not needed any more. For threads of the handlers' runtime: nothing is
    /// faster, and other handlers go on meanwhile.
    pub(super) fn write(&self, record: impl FnOnce() -> Record) {
        let Some(inner) = &self.0 else {
            return;
        };
        if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
            tokio::task::block_in_place(|| inner.write(record));
        } else {
            inner.write(record);
        }
    }

    /// Writes the copy on another thread.
    pub(super) fn write_soon(&self, record: Record) {
        if let Some(inner) = self.0.clone() {
            let job_id = record.job_id.clone();
            if let Err(refused) = spawn_blocking(&Handle::current(), move || inner.write(|| record))
            {
                tracing::warn!(job_id, "the result has no copy on disk: {refused}");
            }
        }
    }

    /// Waits until the copy is there, so that what was posted has one; but not for a disk that is slow.
    pub(super) async fn is_there_or_late(&self) {
        if let Some(inner) = &self.0 {
            let _ = timeout(LONGEST_DELAY, inner.tried.cancelled()).await;
        }
    }

    /// The copy is needed no more.
    pub(super) async fn settle(&self) {
        let Some(inner) = &self.0 else {
            return;
        };
        if let Some(entry) = inner.copy.settle() {
            let spool = inner.spool.clone();
            let removing = blocking(move || remove(&spool, &entry));
            let _ = timeout(LONGEST_WAIT, removing).await;
        }
    }

    /// The copy stays, for whoever can deliver it. Where it is not there yet it is written.
    ///
    /// # Errors
    ///
    /// When it is not there, and why.
    pub(super) async fn leave(&self, record: Record) -> Result<(), String> {
        let Some(inner) = self.0.clone() else {
            return Err("there is no spool (RUNPOD_RESULT_SPOOL)".to_owned());
        };
        let left = inner.copy.leave();
        let leaving = blocking(move || {
            let entry = match left {
                Left::There(entry) => entry,
                Left::Soon => return Ok(()),
                Left::Missing => inner.spool.store(&record)?,
            };
            inner.spool.sync(&entry)?;
            inner.spool.release(&entry).map(drop)
        });
        match timeout(LONGEST_WAIT, leaving).await {
            Ok(Some(left)) => left.map_err(|error| error.to_string()),
            Ok(None) => Err("the worker ended".to_owned()),
            Err(_) => Err("the disk does not answer".to_owned()),
        }
    }

    /// As [`leave`](Self::leave), with something else than what was written first.
    pub(super) async fn leave_instead(&self, record: Record) -> Result<(), String> {
        let left = self.replaced().leave(record).await;
        if left.is_ok() {
            self.settle().await;
        }
        left
    }

    /// For another result of the same job, in place of this one.
    pub(super) fn replaced(&self) -> Self {
        Self::new(self.0.as_ref().map(|inner| &inner.spool))
    }
}

impl Inner {
    fn write(&self, record: impl FnOnce() -> Record) {
        if self.copy.begin() {
            self.try_to_write(record);
        }
        self.tried.cancel();
    }

    fn try_to_write(&self, record: impl FnOnce() -> Record) {
        let record = record();
        match self.spool.store(&record) {
            Ok(entry) => {
                if let Some(entry) = self.copy.written(entry) {
                    remove(&self.spool, &entry);
                }
            }
            Err(error) => {
                if self.copy.failed() {
                    tracing::error!(
                        job_id = record.job_id,
                        "the result is lost: not delivered, not kept ({error})"
                    );
                }
                // Once: it is the same for every job.
                if !TOLD.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "results have no copy on disk while they are delivered, and would not survive a kill: {error}"
                    );
                }
            }
        }
    }
}

fn remove(spool: &Spool, entry: &Entry) {
    if let Err(error) = spool.remove(entry) {
        tracing::warn!(
            job_id = entry.job_id(),
            "a delivered result cannot be removed from the spool, and will be delivered again: {error}"
        );
    }
}
