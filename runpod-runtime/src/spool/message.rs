//! The messages to the thread that owns the spool.

use std::sync::atomic::{AtomicBool, AtomicU64};

use tokio::sync::{Notify, oneshot};

use super::error::SpoolError;
use super::name::Entry;
use super::result::JobResult;

/// Identifies a result in messages.
pub(super) type Key = u64;

/// The state of the thread, readable by all others.
#[derive(Debug, Default)]
pub(super) struct SpoolStatus {
    /// Bytes of the messages with results that wait to be written.
    pub(super) bytes: AtomicU64,
    /// A directory is open.
    pub(super) open: AtomicBool,
    /// No directory could be opened, or the thread has ended.
    pub(super) failed: AtomicBool,
    /// Notified when one of the two is set. For one waiting task.
    pub(super) decided: Notify,
    /// The last write has failed.
    pub(super) failing: AtomicBool,
    /// The log has a line about too many waiting bytes.
    pub(super) reported: AtomicBool,
}

/// What a message costs beside the result in it.
const MESSAGE_BYTES: u64 = 512;

impl SpoolStatus {
    /// What a result adds to [`bytes`](Self::bytes) while it waits to be written.
    pub(super) fn cost(result: &JobResult) -> u64 {
        result.size().saturating_add(MESSAGE_BYTES)
    }
}

#[derive(Debug)]
pub(super) enum Message {
    /// Write the result, in the place of an older one with the same key.
    Keep(Key, JobResult),
    /// Remove the result: it needs no copy any more.
    Settle(Key),
    /// Sync the result to the disk, and let any worker deliver it.
    Release(Key, JobResult, Reply<Result<(), String>>),
    /// Let any worker deliver the result, because no task of this worker has it any more.
    Abandon(Key),
    /// List the results that wait to be delivered.
    List(Reply<Result<Vec<Entry>, SpoolError>>),
    /// Claim a waiting result, and read it.
    Claim(Key, Entry, Reply<Result<Option<JobResult>, SpoolError>>),
    /// Discard the result for this reason, if it is older than a job can be.
    Expire(Key, &'static str, Reply<bool>),
    /// Release everything: the worker ends.
    Leave(Reply<()>),
}

impl Message {
    /// Whether other messages may be handled first. No task sends a message that depends on this one before it has the answer,
    /// or has given up on it.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self, Self::List(_) | Self::Claim(..))
    }
}

/// Carries the answer to a message.
pub(super) type Reply<T> = oneshot::Sender<T>;
