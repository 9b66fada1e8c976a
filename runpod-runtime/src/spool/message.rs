//! What the worker tells the thread of a spool.

use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::sync::{Notify, oneshot};

use super::error::SpoolError;
use super::name::Entry;
use super::result::JobResult;

/// Which result a message is about.
pub(super) type Key = u64;

/// What is known of the thread without asking it.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Bytes of the results that wait to be written.
    pub(super) bytes: AtomicU64,
    /// It has a directory.
    pub(super) open: AtomicBool,
    /// It has none, and will have none: the thread has ended, or does nothing.
    pub(super) failed: AtomicBool,
    /// One of the two is known. For one who waits.
    pub(super) decided: Notify,
    /// The last result that was to be written could not be.
    pub(super) failing: AtomicBool,
    /// The log has said that there are too many.
    pub(super) reported: AtomicBool,
}

/// What a message costs beside the result in it.
const MESSAGE_BYTES: u64 = 512;

impl Backlog {
    /// What a result that waits to be written adds to the backlog.
    pub(super) fn cost(result: &JobResult) -> u64 {
        result.size().saturating_add(MESSAGE_BYTES)
    }
}

#[derive(Debug)]
pub(super) enum Message {
    /// Writes the result, or writes it in the place of another one of the same key.
    Keep(Key, JobResult),
    /// The result is not needed any more.
    Settle(Key),
    /// The result is anybody's to deliver, and on the disk itself.
    Release(Key, JobResult, Reply<Result<(), String>>),
    /// Nobody in this worker has the result any more.
    Abandon(Key),
    /// What waits to be delivered.
    List(Reply<Result<Vec<Entry>, SpoolError>>),
    /// Takes a waiting result over.
    Claim(Key, Entry, Reply<Result<Option<JobResult>, SpoolError>>),
    /// Discards the result, for this reason, if it is older than its job can be.
    Expire(Key, &'static str, Reply<bool>),
    Leave(Reply<()>),
}

impl Message {
    /// Whether others may be worked off first. What has to come after such a message waits for its answer, or expects that it
    /// was not carried out.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self, Self::List(_) | Self::Claim(..))
    }
}

/// Where an answer is waited for.
pub(super) type Reply<T> = oneshot::Sender<T>;
