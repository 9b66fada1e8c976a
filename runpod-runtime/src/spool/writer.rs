//! The thread that owns this worker's results on disk.
//!
//! The thread gets ordered messages: keep a result, settle it, release it. So no two threads share the state of a file,
//! and no other thread of the worker waits for a disk. If a result is settled before the thread has written it, it is
//! never written. So if the platform answers quickly, the worker has no files at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::directory::Spool;
use super::error::SpoolError;
use super::files::Files;
use super::message::{Key, Message, Reply, SpoolStatus};
use super::name::Entry;
use super::opening::Opening;
use super::result::JobResult;
use crate::config::SpoolDirectory;
use crate::logging;

/// How long a task waits for the thread. Even a large file on a slow network volume takes less. After that, the thread
/// continues without the task.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// How long the first job waits until the directory is open. A volume that hangs must not delay the job further.
const LONGEST_WAIT_AT_THE_START: Duration = Duration::from_millis(100);
/// How long the process waits for the thread before it exits.
const LONGEST_WAIT_AT_THE_END: Duration = Duration::from_secs(2);

/// If results with this many bytes wait to be written, the disk is slower than the worker, and further results are not
/// kept.
const MOST_WAITING_BYTES: u64 = 256 << 20;

/// Sends messages to the thread. Clones send to the same thread.
#[derive(Debug, Clone)]
pub(crate) struct SpoolWriter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    messages: Sender<Message>,
    next_key: AtomicU64,
    status: Arc<SpoolStatus>,
}

/// A result that this worker has claimed, and its copy on disk.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) result: JobResult,
    pub(crate) copy: DiskCopy,
}

/// The copy on disk that a job's result may have. Without a spool there is no copy.
///
/// In the end, the owner calls [`settle`](Self::settle) or [`release`](Self::release). If the copy is dropped before
/// that, the result is released, because delivering it twice is better than never delivering it.
#[derive(Debug)]
pub(crate) struct DiskCopy {
    writer: Option<SpoolWriter>,
    key: Key,
    /// Whether the thread was asked to keep the result.
    kept: AtomicBool,
}

impl SpoolWriter {
    /// Starts the thread, which opens the first usable directory. This function does not wait for that, so that a
    /// volume that hangs does not delay the start.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses the thread.
    pub(crate) fn start(directories: Vec<SpoolDirectory>) -> std::io::Result<Self> {
        Self::start_with(move || Opening::begin(directories).opened())
    }

    /// Starts the thread with a spool that is already open. For tests.
    #[cfg(test)]
    pub(crate) fn of(spool: Spool) -> Self {
        Self::start_with(move || Some(spool)).expect("the system starts the test's thread")
    }

    pub(super) fn start_with(
        open: impl FnOnce() -> Option<Spool> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (messages, receiver) = mpsc::channel();
        let status = Arc::<SpoolStatus>::default();
        let of_thread = Arc::clone(&status);
        thread::Builder::new()
            .name("runpod-spool".to_owned())
            .spawn(move || {
                logging::never_wait_on_this_thread();
                let end = ThreadEnd(Arc::clone(&of_thread));
                if let Some(spool) = open() {
                    of_thread.open.store(true, Ordering::Release);
                    of_thread.decided.notify_one();
                    Files::new(spool, of_thread).work(&receiver);
                }
                drop(end);
                refuse_all(&receiver);
            })?;
        Ok(Self(Arc::new(Inner {
            messages,
            next_key: AtomicU64::new(0),
            status,
        })))
    }

    /// Waits until a directory is open or all directories have failed, for 100 ms at most. Only one task may wait at a
    /// time.
    pub(crate) async fn ready(&self) {
        let status = &self.0.status;
        let is_decided =
            || status.open.load(Ordering::Acquire) || status.failed.load(Ordering::Acquire);
        if !is_decided() {
            #[cfg(test)]
            let _clock = held_clock();
            let _ = timeout(LONGEST_WAIT_AT_THE_START, status.decided.notified()).await;
        }
    }

    /// Returns whether all results that should be kept are on disk.
    pub(crate) fn keeps_results(&self) -> bool {
        let status = &self.0.status;
        status.open.load(Ordering::Acquire)
            && !status.failing.load(Ordering::Acquire)
            && status.bytes.load(Ordering::Acquire) == 0
    }

    /// Returns the results that wait to be delivered, oldest first. Returns `None` if the thread does not answer.
    pub(crate) async fn waiting(&self) -> Option<Result<Vec<Entry>, SpoolError>> {
        self.ask(Message::List).await
    }

    /// Claims a waiting result. Returns `None` if another worker was faster or if the thread does not answer.
    pub(crate) async fn claim(&self, entry: Entry) -> Result<Option<Claimed>, SpoolError> {
        let copy = DiskCopy::new(Some(self));
        copy.kept.store(true, Ordering::Relaxed);
        let key = copy.key;
        let claimed = self.ask(|reply| Message::Claim(key, entry, reply)).await;
        Ok(claimed
            .transpose()?
            .flatten()
            .map(|result| Claimed { result, copy }))
    }

    /// Releases everything that this worker still has, because the worker is stopping.
    pub(crate) async fn leave(&self) {
        let _ = timeout(LONGEST_WAIT_AT_THE_END, self.ask(Message::Leave)).await;
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply));
        #[cfg(test)]
        let _clock = held_clock();
        timeout(LONGEST_WAIT, answer).await.ok()?.ok()
    }

    /// The thread lives as long as a sender exists.
    fn send(&self, message: Message) {
        let _ = self.0.messages.send(message);
    }
}

impl DiskCopy {
    pub(crate) fn new(writer: Option<&SpoolWriter>) -> Self {
        Self {
            key: writer.map_or(0, |it| it.0.next_key.fetch_add(1, Ordering::Relaxed)),
            writer: writer.cloned(),
            kept: AtomicBool::new(false),
        }
    }

    /// Keeps the result on disk, where it replaces another result of the same job. Returns false if too many bytes
    /// wait to be written.
    pub(crate) fn keep(&self, result: JobResult) -> bool {
        let Some(writer) = &self.writer else {
            return true;
        };
        let status = &writer.0.status;
        if status.failed.load(Ordering::Acquire) {
            return true;
        }
        let bytes = SpoolStatus::cost(&result);
        if status.bytes.load(Ordering::Relaxed).saturating_add(bytes) > MOST_WAITING_BYTES {
            if !status.reported.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "results have no copy on disk while they are delivered, so they would be lost if the worker is \
                     killed: the disk is slower than the worker ({} MiB wait to be written)",
                    MOST_WAITING_BYTES >> 20
                );
            }
            return false;
        }
        status.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.kept.store(true, Ordering::Relaxed);
        writer.send(Message::Keep(self.key, result));
        true
    }

    /// Returns whether the thread was given the result.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    /// Records that the result needs no copy any more: the platform has it, or does not want it.
    pub(crate) fn settle(&self) {
        if self.kept.swap(false, Ordering::Relaxed)
            && let Some(writer) = &self.writer
        {
            writer.send(Message::Settle(self.key));
        }
    }

    /// Leaves the result to any worker that can deliver it. The thread writes the result if it is not on disk or has
    /// changed.
    ///
    /// # Errors
    ///
    /// Returns the reason if it is not certain that the result is on disk.
    pub(crate) async fn release(&self, result: JobResult) -> Result<(), String> {
        let Some(writer) = &self.writer else {
            return Err("there is no spool (RUNPOD_RESULT_SPOOL)".to_owned());
        };
        // If the answer comes too late, the result is settled later, or it is abandoned when this copy is dropped.
        self.kept.store(true, Ordering::Relaxed);
        let released = writer.ask(|reply| Message::Release(self.key, result, reply));
        match released.await {
            Some(Ok(())) => {
                self.kept.store(false, Ordering::Relaxed);
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Err("the disk does not answer".to_owned()),
        }
    }

    /// Discards a result whose job the platform does not know, if the result is older than a job can be. Returns false
    /// if it is not.
    pub(crate) async fn expire(&self, why: &'static str) -> bool {
        let Some(writer) = &self.writer else {
            return false;
        };
        let expired = writer
            .ask(|reply| Message::Expire(self.key, why, reply))
            .await;
        if expired == Some(true) {
            self.kept.store(false, Ordering::Relaxed);
        }
        expired == Some(true)
    }
}

impl Drop for DiskCopy {
    fn drop(&mut self) {
        if self.kept.load(Ordering::Relaxed)
            && let Some(writer) = &self.writer
        {
            writer.send(Message::Abandon(self.key));
        }
    }
}

/// Marks the spool as failed when the thread finishes, even after a panic.
struct ThreadEnd(Arc<SpoolStatus>);

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        self.0.open.store(false, Ordering::Release);
        self.0.failed.store(true, Ordering::Release);
        self.0.decided.notify_one();
    }
}

/// Answers all messages when no directory is usable. Dropping a reply counts as an answer too.
fn refuse_all(messages: &Receiver<Message>) {
    for message in messages {
        match message {
            Message::Release(_, _, reply) => {
                let _ = reply.send(Err("there is no usable directory for results".to_owned()));
            }
            Message::List(reply) => {
                let _ = reply.send(Ok(Vec::new()));
            }
            _ => {}
        }
    }
}

/// Holds the paused clock of a test while the thread works. Otherwise tokio would advance it, because none of tokio's
/// own tasks is busy.
#[cfg(test)]
fn held_clock() -> impl Drop {
    struct Held(Option<mpsc::Sender<()>>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.take();
        }
    }
    let (sender, receiver) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || receiver.recv());
    Held(Some(sender))
}
