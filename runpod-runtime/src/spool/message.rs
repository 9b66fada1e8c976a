//! The messages to the thread that owns the spool.

use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::sync::{Notify, oneshot};

use super::error::SpoolError;
use super::name::Entry;
use super::result::JobResult;

/// Identifies a result in messages.
pub(super) type Key = u64;

/// The status of the thread, which all other threads can read.
#[derive(Debug, Default)]
pub(super) struct SpoolStatus {
    /// The bytes of the messages whose results were not written yet.
    pub(super) bytes: AtomicU64,
    /// Whether a directory is open.
    pub(super) open: AtomicBool,
    /// Whether no directory could be opened or the thread has finished.
    pub(super) failed: AtomicBool,
    /// Notified when `open` or `failed` is set. Only one task may wait.
    pub(super) decided: Notify,
    /// Whether the last write failed.
    pub(super) failing: AtomicBool,
    /// Whether the log has a line about too many waiting bytes.
    pub(super) reported: AtomicBool,
}

/// The cost of a message without the result in it.
const MESSAGE_BYTES: u64 = 512;

impl SpoolStatus {
    /// Returns how much a result adds to [`bytes`](Self::bytes) while it waits to be written.
    pub(super) fn cost(result: &JobResult) -> u64 {
        result.size().saturating_add(MESSAGE_BYTES)
    }
}

#[derive(Debug)]
pub(super) enum Message {
    /// Write the result. It replaces an older one with the same key.
    Keep(Key, JobResult),
    /// Remove the result, because it needs no copy any more.
    Settle(Key),
    /// Sync the result to the disk, and let any worker deliver it.
    Release(Key, JobResult, Reply<Result<(), String>>),
    /// Let any worker deliver the result, because no task of this worker has it any more.
    Abandon(Key),
    /// List the results that wait to be delivered.
    List(Reply<Result<Vec<Entry>, SpoolError>>),
    /// Claim a waiting result and read it.
    Claim(Key, Entry, Reply<Result<Option<JobResult>, SpoolError>>),
    /// Discard the result for this reason if it is older than a job can be.
    Expire(Key, &'static str, Reply<bool>),
    /// Release everything, because the worker is stopping.
    Leave(Reply<()>),
}

impl Message {
    /// Returns whether other messages may be handled before this one. No task sends a message that depends on this one
    /// before it has the answer or has stopped waiting for it.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self, Self::List(_) | Self::Claim(..))
    }
}

/// The sender for the answer to a message.
pub(super) type Reply<T> = oneshot::Sender<T>;
