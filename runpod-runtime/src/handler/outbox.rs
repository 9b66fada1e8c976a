//! The ordered channel through which a job's progress updates and stream items are sent.
//!
//! The channel is bounded: a handler that sends items faster than the network accepts them has to wait. Progress
//! never waits, because a newer update replaces one that has not been sent. The worker sends the result after this
//! channel has ended and is empty, so nothing can overtake it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::output::Payload;

/// The maximum number of stream items that may wait to be sent.
const MOST_ITEMS: usize = 64;
/// The maximum number of bytes of stream items that may wait to be sent. A single larger item may wait alone.
const MOST_BYTES: usize = 4 << 20;
/// The maximum number of bytes of strings that are joined to one item.
#[cfg(feature = "openai")]
const MOST_JOINED_BYTES: usize = 64 << 10;
/// The maximum number of bytes of progress updates that may wait between items. Above that, only the newest update is
/// kept.
const MOST_PROGRESS_BYTES: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    inner: Arc<Inner>,
}

/// The functions that a running job calls on its worker.
pub(crate) trait WorkerLink: Send + Sync {
    /// Reports that the worker is broken, for this reason.
    fn unhealthy(&self, reason: String);

    /// Reports that the job's outbox has its first message and needs a reader.
    fn emits(&self, job_id: &Arc<str>);

    /// Returns whether checkpoints are measured, because the worker runs with `--rp_debugger`.
    fn measures(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(crate) enum Message {
    Progress(Payload),
    /// An item. It counts as undelivered until [`Outbox::delivered`] is called.
    Item(Arc<Payload>),
}

#[derive(Debug, Default)]
struct Inner {
    queue: Mutex<Queue>,
    /// The worker to notify of the first message. `None` after it has been notified.
    reader: Mutex<Option<Reader>>,
    /// Whether the worker has been notified.
    is_read: AtomicBool,
    /// Notified when there is something to send, or when nothing more will come.
    ready: Notify,
    /// Notified when there is room again, or when the channel was closed.
    room: Notify,
}

struct Reader {
    job_id: Arc<str>,
    worker: Arc<dyn WorkerLink>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("job_id", &self.job_id)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    /// The item that is being delivered.
    in_hand: Option<Arc<Payload>>,
    items: usize,
    bytes: usize,
    progress_bytes: usize,
    /// The size in bytes beyond which an item is not posted.
    #[cfg(feature = "openai")]
    largest_item: Option<usize>,
    /// No more messages are accepted.
    closed: bool,
    /// No more messages will come, so the reader may finish.
    ended: bool,
    /// In a test's outbox, no update is replaced, and there is always room.
    keeps_all: bool,
}

impl Queue {
    /// Returns whether a waiting sender should be woken. The sender then fills the channel again, so the threads wake
    /// each other once for many items instead of once for each item.
    fn is_half_empty(&self) -> bool {
        self.items <= MOST_ITEMS / 2 && self.bytes <= MOST_BYTES / 2
    }

    /// Removes the next message. If items that may be joined are waiting, they become one.
    #[cfg(feature = "openai")]
    fn pop(&mut self) -> Option<Message> {
        let first = self.messages.pop_front()?;
        let Message::Item(item) = &first else {
            return Some(first);
        };
        // Half of the limit leaves room for the rest of the body. No item may be refused only because it was joined.
        let most = self.largest_item.map_or(MOST_JOINED_BYTES, |largest| {
            MOST_JOINED_BYTES.min(largest / 2)
        });
        let mut bytes = item.len();
        let others = self.messages.iter().take_while(|message| {
            matches!(message, Message::Item(next) if next.joins() && {
                bytes += next.len();
                bytes <= most
            })
        });
        let others = others.count();
        if !item.joins() || others == 0 {
            return Some(first);
        }
        let joined = Payload::joined(
            [&first]
                .into_iter()
                .chain(self.messages.iter().take(others))
                .filter_map(|message| match message {
                    Message::Item(item) => Some(&**item),
                    Message::Progress(_) => None,
                }),
        );
        // The caller subtracts one item with the bytes of the joined one.
        let apart: usize = self
            .messages
            .drain(..others)
            .map(|message| match message {
                Message::Item(item) => item.len(),
                Message::Progress(_) => 0,
            })
            .sum::<usize>()
            + item.len();
        self.items -= others;
        self.bytes = self.bytes - apart + joined.len();
        Some(Message::Item(Arc::new(joined)))
    }

    #[cfg(not(feature = "openai"))]
    fn pop(&mut self) -> Option<Message> {
        self.messages.pop_front()
    }

    fn has_room_for(&self, item: &Payload) -> bool {
        self.keeps_all
            || self.items == 0
            || (self.items < MOST_ITEMS && self.bytes + item.len() <= MOST_BYTES)
    }
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self {
            inner: Arc::default(),
        }
    }

    /// Creates the outbox of a job. Its worker is notified of the first message.
    pub(crate) fn of(job_id: Arc<str>, worker: Arc<dyn WorkerLink>) -> Self {
        Self {
            inner: Arc::new(Inner {
                reader: Mutex::new(Some(Reader { job_id, worker })),
                ..Inner::default()
            }),
        }
    }

    /// Notifies the reader that there is something to send.
    fn filled(&self) {
        if !self.inner.is_read.swap(true, Ordering::AcqRel) {
            let mut reader = self
                .inner
                .reader
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(Reader { job_id, worker }) = reader.take() {
                worker.emits(&job_id);
            }
        }
        self.inner.ready.notify_one();
    }

    /// Creates an outbox for a handler that a test calls directly. All messages stay in it, and newer updates do not
    /// replace older ones.
    pub(crate) fn keeping_all() -> Self {
        let outbox = Self::new();
        outbox.queue().keeps_all = true;
        outbox
    }

    /// Sends an update, and replaces an older update that has not been sent. Has no effect on a closed channel.
    pub(crate) fn progress(&self, update: Payload) {
        let mut queue = self.queue();
        if queue.closed {
            return;
        }
        if queue.keeps_all {
            queue.messages.push_back(Message::Progress(update));
            return;
        }
        if let Some(Message::Progress(waiting)) = queue.messages.back() {
            queue.progress_bytes -= waiting.len();
            queue.messages.pop_back();
        }
        queue.progress_bytes += update.len();
        if queue.progress_bytes > MOST_PROGRESS_BYTES {
            queue.progress_bytes = update.len();
            queue
                .messages
                .retain(|message| matches!(message, Message::Item(_)));
        }
        queue.messages.push_back(Message::Progress(update));
        drop(queue);
        self.filled();
    }

    /// Sends an item, and waits while the channel is full. Returns false if the channel is closed; the item was not
    /// sent then.
    ///
    /// This method is cancel safe: if the future is dropped, the item is either in the channel or not sent at all.
    pub(crate) async fn item(&self, item: Payload) -> bool {
        let mut item = Some(item);
        loop {
            let room = self.inner.room.notified();
            tokio::pin!(room);
            // The waiter is registered before the queue is checked, so a wake-up between the check and the wait is
            // not missed.
            room.as_mut().enable();
            {
                let mut queue = self.queue();
                if queue.closed {
                    return false;
                }
                if let Some(fitting) = item.take_if(|item| queue.has_room_for(item)) {
                    queue.items += 1;
                    queue.bytes += fitting.len();
                    queue.messages.push_back(Message::Item(Arc::new(fitting)));
                    drop(queue);
                    self.filled();
                    return true;
                }
            }
            room.await;
        }
    }

    /// Waits for the next message in order. Returns `None` once the channel has ended and is empty. Only one task may
    /// call this method.
    pub(crate) async fn next(&self) -> Option<Message> {
        loop {
            let ready = self.inner.ready.notified();
            {
                let mut queue = self.queue();
                if let Some(message) = queue.pop() {
                    match &message {
                        Message::Item(item) => {
                            queue.items -= 1;
                            queue.bytes -= item.len();
                            queue.in_hand = Some(Arc::clone(item));
                        }
                        Message::Progress(update) => queue.progress_bytes -= update.len(),
                    }
                    let has_room = queue.is_half_empty();
                    drop(queue);
                    if has_room {
                        self.inner.room.notify_waiters();
                    }
                    return Some(message);
                }
                if queue.ended {
                    return None;
                }
            }
            ready.await;
        }
    }

    /// Sets the size in bytes beyond which an item is not posted. Joined items stay below it.
    #[cfg(feature = "openai")]
    pub(crate) fn limit_items(&self, largest: Option<usize>) {
        self.queue().largest_item = largest;
    }

    /// Records that the platform has the last item from [`next`](Self::next).
    pub(crate) fn delivered(&self) {
        self.queue().in_hand = None;
    }

    /// Returns the items that the platform does not have yet, in order.
    pub(crate) fn undelivered(&self) -> Vec<Arc<Payload>> {
        let queue = self.queue();
        let waiting = queue.messages.iter().filter_map(|message| match message {
            Message::Item(item) => Some(item),
            Message::Progress(_) => None,
        });
        queue
            .in_hand
            .iter()
            .chain(waiting)
            .map(Arc::clone)
            .collect()
    }

    /// Returns the bodies of these items, as they are posted.
    pub(crate) fn undelivered_bodies(&self) -> Vec<Bytes> {
        let items = self.undelivered();
        items.iter().map(|item| item.body()).collect()
    }

    /// Returns the waiting progress updates, in order.
    pub(crate) fn progress_updates(&self) -> Vec<Payload> {
        let queue = self.queue();
        let updates = queue.messages.iter().filter_map(|message| match message {
            Message::Progress(update) => Some(update.clone()),
            Message::Item(_) => None,
        });
        updates.collect()
    }

    /// Stops accepting messages. Waiting messages are still sent, and the reader waits for the [`end`](Self::end).
    pub(crate) fn close(&self) {
        self.queue().closed = true;
        self.inner.room.notify_waiters();
    }

    /// Stops accepting messages. The reader finishes once it has sent the waiting messages.
    pub(crate) fn end(&self) {
        let mut queue = self.queue();
        (queue.closed, queue.ended) = (true, true);
        drop(queue);
        self.wake_all();
    }

    /// Stops accepting messages, and discards the waiting ones.
    pub(crate) fn discard(&self) {
        let mut queue = self.queue();
        *queue = Queue {
            closed: true,
            ended: true,
            ..Queue::default()
        };
        drop(queue);
        self.wake_all();
    }

    /// Returns whether a newer message is waiting, or the channel is closed.
    pub(crate) fn has_more(&self) -> bool {
        let queue = self.queue();
        queue.closed || !queue.messages.is_empty()
    }

    /// Waits until a newer message arrives or the channel is closed. Only the reader calls this method.
    pub(crate) async fn more(&self) {
        loop {
            let ready = self.inner.ready.notified();
            if self.has_more() {
                return;
            }
            ready.await;
        }
    }

    fn wake_all(&self) {
        self.inner.ready.notify_one();
        self.inner.room.notify_waiters();
    }

    /// Locks the queue. No user code runs under the lock, so the queue is consistent even if the lock is poisoned.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.inner
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
