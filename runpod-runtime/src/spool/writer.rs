//! The one thread that touches the files of a spool.
//!
//! It gets ordered messages: keep a result, settle it, release it. So no two threads share the state of a file, and no thread
//! of the worker waits for a disk. A result that is settled before its turn to be written comes is never written: a worker
//! whose platform answers quickly has no file at all.

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
use super::message::{Backlog, Key, Message, Reply};
use super::name::Entry;
use super::opening::Opening;
use super::result::JobResult;
use crate::config::SpoolDirectory;
use crate::logging;

/// A disk that takes longer to answer is not waited for: a large file on a slow network volume takes less. What it does then, the
/// thread does in the background.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The first job waits no longer than this for a directory: a volume that hangs must not hold it up.
const LONGEST_WAIT_AT_THE_START: Duration = Duration::from_millis(100);
/// The process that ends waits no longer than this.
const LONGEST_WAIT_AT_THE_END: Duration = Duration::from_secs(2);

/// With so many bytes of results that wait to be written, the disk is slower than the worker. Further ones are not kept.
const MOST_WAITING_BYTES: u64 = 256 << 20;

/// Sends messages to the thread. Clones send to the same thread.
#[derive(Debug, Clone)]
pub(crate) struct SpoolWriter(Arc<Inbox>);

#[derive(Debug)]
struct Inbox {
    messages: Sender<Message>,
    next_key: AtomicU64,
    shared: Arc<Backlog>,
}

/// A result that was taken over, and its copy.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) result: JobResult,
    pub(crate) copy: DiskCopy,
}

/// The copy on disk that one job's result may have. Without a spool there is none.
///
/// Whoever has it ends it with [`settle`](Self::settle) or [`release`](Self::release). If it is dropped before, the result
/// is released: it is better delivered twice than never.
#[derive(Debug)]
pub(crate) struct DiskCopy {
    writer: Option<SpoolWriter>,
    key: Key,
    /// The thread was told to keep it.
    kept: AtomicBool,
}

impl SpoolWriter {
    /// Starts the thread, which opens the first of the directories that can be used. Nothing waits for that: a volume that
    /// hangs holds up no start.
    ///
    /// # Errors
    ///
    /// When the system refuses the thread.
    pub(crate) fn start(directories: Vec<SpoolDirectory>) -> std::io::Result<Self> {
        Self::start_with(move || Opening::begin(directories).opened())
    }

    /// For tests: with a spool that is open already.
    #[cfg(test)]
    pub(crate) fn of(spool: Spool) -> Self {
        Self::start_with(move || Some(spool)).expect("a test gets its threads")
    }

    pub(super) fn start_with(
        open: impl FnOnce() -> Option<Spool> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (messages, receiver) = mpsc::channel();
        let shared = Arc::<Backlog>::default();
        let backlog = Arc::clone(&shared);
        thread::Builder::new()
            .name("runpod-spool".to_owned())
            .spawn(move || {
                logging::never_wait_on_this_thread();
                let ended = Ended(Arc::clone(&backlog));
                if let Some(spool) = open() {
                    backlog.open.store(true, Ordering::Release);
                    backlog.decided.notify_one();
                    Files::new(spool, backlog).work(&receiver);
                }
                drop(ended);
                refuse_all(&receiver);
            })?;
        Ok(Self(Arc::new(Inbox {
            messages,
            next_key: AtomicU64::new(0),
            shared,
        })))
    }

    /// Waits until a directory is open, or none will be; not for long. For one at a time.
    pub(crate) async fn ready(&self) {
        let backlog = &self.0.shared;
        let is_decided =
            || backlog.open.load(Ordering::Acquire) || backlog.failed.load(Ordering::Acquire);
        if !is_decided() {
            #[cfg(test)]
            let _clock = held_clock();
            let _ = timeout(LONGEST_WAIT_AT_THE_START, backlog.decided.notified()).await;
        }
    }

    /// Whether all results that were to be kept are on disk.
    pub(crate) fn keeps_results(&self) -> bool {
        let backlog = &self.0.shared;
        backlog.open.load(Ordering::Acquire)
            && !backlog.failing.load(Ordering::Acquire)
            && backlog.bytes.load(Ordering::Acquire) == 0
    }

    /// What waits to be delivered, oldest first. Nothing if the disk does not answer.
    pub(crate) async fn waiting(&self) -> Option<Result<Vec<Entry>, SpoolError>> {
        self.ask(Message::List).await
    }

    /// Takes a waiting result over. `None` if somebody else was faster, or if the disk does not answer.
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

    /// The worker ends: what it leaves is anybody's.
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

    /// The thread lives as long as there is a sender.
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

    /// Keeps the result on disk, in the place of another one of the same job. False if too much waits to be written.
    pub(crate) fn keep(&self, result: JobResult) -> bool {
        let Some(writer) = &self.writer else {
            return true;
        };
        let backlog = &writer.0.shared;
        if backlog.failed.load(Ordering::Acquire) {
            return true;
        }
        let bytes = Backlog::cost(&result);
        if backlog.bytes.load(Ordering::Relaxed).saturating_add(bytes) > MOST_WAITING_BYTES {
            if !backlog.reported.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "results have no copy on disk while they are delivered, and do not survive a kill: the disk is slower \
                     than the worker ({} MiB wait to be written)",
                    MOST_WAITING_BYTES >> 20
                );
            }
            return false;
        }
        backlog.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.kept.store(true, Ordering::Relaxed);
        writer.send(Message::Keep(self.key, result));
        true
    }

    /// Whether the result was given to the thread.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    /// The result is not needed any more.
    pub(crate) fn settle(&self) {
        if self.kept.swap(false, Ordering::Relaxed)
            && let Some(writer) = &self.writer
        {
            writer.send(Message::Settle(self.key));
        }
    }

    /// The result stays for whoever can deliver it. It is written if it is not there yet, or if it has changed.
    ///
    /// # Errors
    ///
    /// When it is not there, and why.
    pub(crate) async fn release(&self, result: JobResult) -> Result<(), String> {
        let Some(writer) = &self.writer else {
            return Err("there is no spool (RUNPOD_RESULT_SPOOL)".to_owned());
        };
        // Whoever gives up waiting for the answer settles the result, or abandons it.
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

    /// Discards a result that the platform does not know, if it is older than its job can be. False if it is not.
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

/// Says that there is no thread any more that could do something, in whatever way it ends.
struct Ended(Arc<Backlog>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.open.store(false, Ordering::Release);
        self.0.failed.store(true, Ordering::Release);
        self.0.decided.notify_one();
    }
}

/// Without a directory. Replies that are dropped say that there is none.
fn refuse_all(messages: &Receiver<Message>) {
    for message in messages {
        match message {
            Message::Release(_, _, reply) => {
                let _ = reply.send(Err("no directory for results can be used".to_owned()));
            }
            Message::List(reply) => {
                let _ = reply.send(Ok(Vec::new()));
            }
            _ => {}
        }
    }
}

/// Holds the paused clock of a test while the thread works: tokio moves it on when nothing of its own is at work.
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
