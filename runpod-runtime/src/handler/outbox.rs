//! The one ordered channel through which a job's progress and stream items leave.
//!
//! Bounded: who sends items faster than the network takes them waits. Progress never waits: an update that was not yet
//! sent is replaced by a newer one. The result is sent by the worker after this channel has ended and is empty, so that
//! nothing can overtake it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::output::Payload;

/// How many stream items may wait to be sent.
const MOST_ITEMS: usize = 64;
/// How many bytes of stream items may wait to be sent; a single larger item passes alone.
const MOST_BYTES: usize = 4 << 20;
/// How many bytes of progress may wait between items; then only the newest update does.
const MOST_PROGRESS_BYTES: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    inner: Arc<Inner>,
}

/// What a running job tells its worker.
pub(crate) trait WorkerLink: Send + Sync {
    /// The worker is broken, for this reason.
    fn unhealthy(&self, reason: String);

    /// The job's outbox has its first message, and nobody reads it yet.
    fn emits(&self, job_id: &Arc<str>);
}

#[derive(Debug)]
pub(crate) enum Message {
    Progress(Payload),
    /// Counts as undelivered until [`Outbox::delivered`].
    Item(Arc<Payload>),
}

#[derive(Debug, Default)]
struct Inner {
    queue: Mutex<Queue>,
    /// Who is to read this, until it was told so.
    reader: Mutex<Option<Reader>>,
    /// Somebody was told.
    is_read: AtomicBool,
    /// There is something to send, or nothing more will come.
    ready: Notify,
    /// There is room again, or the channel was closed.
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
    /// Nothing more is taken.
    closed: bool,
    /// Nothing more will come: the reader may end.
    ended: bool,
    /// Nothing is replaced, and there is always room.
    keeps_all: bool,
}

impl Queue {
    /// Whoever waits for room is woken only now, and then fills the channel again: one thread wakes the other once for many
    /// items.
    fn is_half_empty(&self) -> bool {
        self.items <= MOST_ITEMS / 2 && self.bytes <= MOST_BYTES / 2
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

    /// Of a job: its worker is told of the first message.
    pub(crate) fn of(job_id: Arc<str>, worker: Arc<dyn WorkerLink>) -> Self {
        Self {
            inner: Arc::new(Inner {
                reader: Mutex::new(Some(Reader { job_id, worker })),
                ..Inner::default()
            }),
        }
    }

    /// There is something to send.
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

    /// For a handler that is called directly by a test: nobody takes anything away, and nothing is replaced.
    pub(crate) fn keeping_all() -> Self {
        let outbox = Self::new();
        outbox.queue().keeps_all = true;
        outbox
    }

    /// Sends an update in place of one that still waits to be sent. Without effect on a closed channel.
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

    /// Sends an item, waiting while the channel is full. False when the channel is closed: the item was not sent.
    ///
    /// Cancel safe: an item is either wholly in the channel or not at all.
    pub(crate) async fn item(&self, item: Payload) -> bool {
        let mut item = Some(item);
        loop {
            let room = self.inner.room.notified();
            tokio::pin!(room);
            // Registered before the look at the queue, so that no wake-up between the two is missed.
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

    /// The next message in order; nothing once the channel has ended and is empty. For one reader.
    pub(crate) async fn next(&self) -> Option<Message> {
        loop {
            let ready = self.inner.ready.notified();
            {
                let mut queue = self.queue();
                if let Some(message) = queue.messages.pop_front() {
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

    /// The platform has the item that came last from [`next`](Self::next).
    pub(crate) fn delivered(&self) {
        self.queue().in_hand = None;
    }

    /// The items that the platform does not have yet, in their order.
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

    /// The bodies of these items, as they are posted.
    pub(crate) fn undelivered_bodies(&self) -> Vec<Bytes> {
        let items = self.undelivered();
        items.iter().map(|item| item.body()).collect()
    }

    /// The progress updates that wait, in their order.
    pub(crate) fn progress_updates(&self) -> Vec<Payload> {
        let queue = self.queue();
        let updates = queue.messages.iter().filter_map(|message| match message {
            Message::Progress(update) => Some(update.clone()),
            Message::Item(_) => None,
        });
        updates.collect()
    }

    /// Takes nothing more; what waits is still sent, and the reader waits for the [`end`](Self::end).
    pub(crate) fn close(&self) {
        self.queue().closed = true;
        self.inner.room.notify_waiters();
    }

    /// Takes nothing more; the reader ends when it has sent what waits.
    pub(crate) fn end(&self) {
        let mut queue = self.queue();
        (queue.closed, queue.ended) = (true, true);
        drop(queue);
        self.wake_all();
    }

    /// Takes nothing more, and forgets what waits.
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

    /// Whether a newer message waits behind the one in hand.
    pub(crate) fn has_more(&self) -> bool {
        let queue = self.queue();
        queue.closed || !queue.messages.is_empty()
    }

    /// Waits until a newer message is there, or nothing more will come. For the reader.
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

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound queue.
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
