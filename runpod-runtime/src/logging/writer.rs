//! Log lines on their way out: a bounded buffer, and one thread that writes it. A reader that is slow or gone holds up none
//! of the worker's own threads, and others only as long as it reads.
//!
//! `tracing-appender` has such a writer too, but bounds its queue by lines only, reports no drops, gives errors no
//! preference, panics if the system refuses its thread, and prints to standard output if it cannot flush that.

use std::cell::Cell;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::Level;

/// Bytes that may wait to be written. Lines wait in one buffer and cost nothing beside their bytes, so their number needs no
/// bound of its own.
const MOST_WAITING: usize = 1 << 20;
/// What may wait beyond that: errors, and lines of threads that never wait.
const RESERVE: usize = 256 << 10;
/// A buffer that a burst made larger than this is given back.
const KEPT_CAPACITY: usize = 64 << 10;
/// After a write, the thread leaves lines unwritten for this long, so that it is woken once for a burst and not for each
/// line. A line that follows no other is written at once.
const BURST: Duration = Duration::from_millis(2);
/// How long a thread that logs waits if its line does not fit, and for an error to be written, so that the error is seen even
/// if the program ends itself right after it. Then the output counts as stuck, and nobody waits until it moves again.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two attempts on an output that is full and has been made non-blocking, by whoever shares it.
const FULL_PAUSE: Duration = Duration::from_millis(20);

thread_local! {
    static NEVER_WAITS: Cell<bool> = const { Cell::new(false) };
}

/// From now on, this thread never waits for whoever reads the log.
pub(crate) fn never_wait_on_this_thread() {
    NEVER_WAITS.set(true);
}

/// As long as `call` runs, this thread never waits for whoever reads the log.
pub(crate) fn never_waiting<T>(call: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            NEVER_WAITS.set(self.0);
        }
    }
    let _before = Before(NEVER_WAITS.replace(true));
    call()
}

/// Whether this thread never waits for whoever reads the log.
pub(crate) fn never_waits() -> bool {
    NEVER_WAITS.get()
}

/// Writes some whole lines. It may block.
type Output = Box<dyn Fn(&[u8]) + Send + Sync>;
/// The line that says how many lines were dropped.
type Report = Box<dyn Fn(u64) -> String + Send + Sync>;

/// Writes lines with a thread of its own, which starts with the first line.
pub(super) struct LogWriter {
    queue: Mutex<Queue>,
    /// The thread waits on it for lines.
    lines_came: Condvar,
    /// Others wait on it for lines to be taken and written.
    lines_left: Condvar,
    output: Output,
    report: Report,
    patience: Duration,
}

#[derive(Debug, Default)]
struct Queue {
    /// Whole lines.
    waiting: Vec<u8>,
    /// Bytes that were ever accepted, and those of them that were written or could not be.
    accepted: u64,
    written: u64,
    /// Lines since the last report.
    dropped: u64,
    /// How many threads wait on [`LogWriter::lines_left`].
    waiters: usize,
    /// The output was waited for in vain, and nothing was written since.
    is_stuck: bool,
    thread: Thread,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Thread {
    #[default]
    NotStarted,
    /// It waits for lines and has to be woken.
    Idle,
    /// It looks for lines before it waits again.
    Busy,
    /// The system refused it: whoever logs writes, if it may wait.
    Refused,
}

impl Queue {
    /// Whether there is something to be written.
    fn has_lines(&self) -> bool {
        !self.waiting.is_empty() || self.dropped > 0
    }
}

impl LogWriter {
    pub(super) fn new(
        output: impl Fn(&[u8]) + Send + Sync + 'static,
        report: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            queue: Mutex::default(),
            lines_came: Condvar::new(),
            lines_left: Condvar::new(),
            output: Box::new(output),
            report: Box::new(report),
            patience: PATIENCE,
        }
    }

    /// Takes a line, which ends in `\n`. One that does not fit is dropped, after a moment in which there may be room for it.
    pub(super) fn push(self: &Arc<Self>, level: Level, line: &str) {
        let is_error = level == Level::ERROR;
        let never_waits = never_waits();
        let most = if is_error || never_waits {
            MOST_WAITING + RESERVE
        } else {
            MOST_WAITING
        };
        // A line that is longer than all room is better than none.
        let fits =
            |queue: &Queue| queue.waiting.is_empty() || queue.waiting.len() + line.len() <= most;
        let mut queue = self.queue();
        if !never_waits {
            queue = match queue.thread {
                Thread::Refused => self.write_waiting(queue),
                _ => self.patiently(queue, fits),
            };
        }
        if !fits(&queue) {
            queue.dropped += 1;
            return;
        }
        queue.waiting.extend_from_slice(line.as_bytes());
        queue.accepted += line.len() as u64;
        let upto = queue.accepted;
        match queue.thread {
            Thread::NotStarted => {
                queue.thread = Thread::Busy;
                drop(queue);
                self.start();
            }
            Thread::Idle => {
                queue.thread = Thread::Busy;
                drop(queue);
                self.lines_came.notify_one();
            }
            Thread::Busy => drop(queue),
            Thread::Refused if never_waits => return,
            Thread::Refused => drop(self.write_waiting(queue)),
        }
        if is_error && !never_waits {
            let queue = self.patiently(self.queue(), |queue| {
                queue.written >= upto || queue.thread == Thread::Refused
            });
            if queue.thread == Thread::Refused {
                drop(self.write_waiting(queue));
            }
        }
    }

    /// Whether there is nothing to wait for.
    pub(super) fn is_flushed(&self) -> bool {
        let queue = self.queue();
        queue.written == queue.accepted
    }

    /// Waits until all lines so far are written, `most` at most: nobody may read them. Whether they are written.
    pub(super) fn flush_within(&self, most: Duration) -> bool {
        let mut queue = self.queue();
        let upto = queue.accepted;
        if queue.thread == Thread::Refused {
            queue = self.write_waiting(queue);
        }
        self.wait_until(queue, most, |queue| queue.written >= upto)
            .written
            >= upto
    }

    /// Waits until it is so, unless the output is stuck or proves to be.
    fn patiently<'queue>(
        &self,
        mut queue: MutexGuard<'queue, Queue>,
        is_so: impl Fn(&Queue) -> bool,
    ) -> MutexGuard<'queue, Queue> {
        if !queue.is_stuck {
            queue = self.wait_until(queue, self.patience, &is_so);
            queue.is_stuck = !is_so(&queue);
        }
        queue
    }

    /// Waits until it is so, `most` at most.
    fn wait_until<'queue>(
        &self,
        mut queue: MutexGuard<'queue, Queue>,
        most: Duration,
        is_so: impl Fn(&Queue) -> bool,
    ) -> MutexGuard<'queue, Queue> {
        if is_so(&queue) {
            return queue;
        }
        queue.waiters += 1;
        // It may be waiting for more of a burst.
        self.lines_came.notify_one();
        let (mut queue, _) = self
            .lines_left
            .wait_timeout_while(queue, most, |queue| !is_so(queue))
            .unwrap_or_else(PoisonError::into_inner);
        queue.waiters -= 1;
        queue
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Self>) {
        let writer = Arc::clone(self);
        let thread = thread::Builder::new().name("runpod-log".to_owned());
        if thread.spawn(move || writer.write_lines()).is_err() {
            self.refused();
        }
    }

    /// The system granted no thread. A thread that never waits leaves its lines to the next one that may wait.
    fn refused(&self) {
        let mut queue = self.queue();
        if never_waits() {
            queue.thread = Thread::Refused;
            self.lines_left.notify_all();
        } else {
            drop(self.write_waiting(queue));
        }
    }

    /// In place of the thread that was refused: writes until nothing waits. Lines that other threads log meanwhile are
    /// written here as well, so that all are in order.
    fn write_waiting<'queue>(
        &'queue self,
        mut queue: MutexGuard<'queue, Queue>,
    ) -> MutexGuard<'queue, Queue> {
        let mut batch = Vec::new();
        while queue.has_lines() {
            let dropped = self.take_batch(&mut queue, &mut batch);
            drop(queue);
            self.write(&batch, dropped);
            queue = self.queue();
            self.count_written(&mut queue, batch.len());
            batch.clear();
        }
        queue.thread = Thread::Refused;
        queue
    }

    /// The thread: writes what is waiting, in one piece, and never ends.
    fn write_lines(&self) -> ! {
        let mut batch = Vec::new();
        loop {
            let dropped = self.next_batch(&mut batch);
            self.write(&batch, dropped);
            self.wrote(batch.len());
            batch.clear();
            batch.shrink_to(KEPT_CAPACITY);
        }
    }

    /// Waits for lines and swaps them for the empty batch. How many lines were dropped after these.
    fn next_batch(&self, batch: &mut Vec<u8>) -> u64 {
        let mut queue = self.queue();
        while !queue.has_lines() {
            queue.thread = Thread::Idle;
            queue = self
                .lines_came
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.take_batch(&mut queue, batch)
    }

    fn take_batch(&self, queue: &mut Queue, batch: &mut Vec<u8>) -> u64 {
        queue.thread = Thread::Busy;
        std::mem::swap(&mut queue.waiting, batch);
        if queue.waiters > 0 {
            self.lines_left.notify_all();
        }
        std::mem::take(&mut queue.dropped)
    }

    fn write(&self, batch: &[u8], dropped: u64) {
        if !batch.is_empty() {
            (self.output)(batch);
        }
        if dropped > 0 {
            (self.output)((self.report)(dropped).as_bytes());
        }
    }

    /// Tells those who wait.
    fn count_written(&self, queue: &mut Queue, bytes: usize) {
        queue.written += bytes as u64;
        queue.is_stuck = false;
        if queue.waiters > 0 {
            self.lines_left.notify_all();
        }
    }

    /// Tells those who wait, and then waits for more of a burst.
    fn wrote(&self, bytes: usize) {
        let mut queue = self.queue();
        self.count_written(&mut queue, bytes);
        let _ = self
            .lines_came
            .wait_timeout_while(queue, BURST, |queue| queue.waiters == 0);
    }
}

/// Writes everything, also to an output that was made non-blocking; nothing if nobody reads it any more.
pub(super) fn write_all(output: &mut impl io::Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return,
            Ok(written) => bytes = &bytes[written..],
            Err(error) if !is_passing(&error) => return,
            Err(_) => {}
        }
    }
    while output.flush().is_err_and(|error| is_passing(&error)) {}
}

/// Whether another attempt may succeed; waits for that if it takes a while.
fn is_passing(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::Interrupted => true,
        io::ErrorKind::WouldBlock => {
            thread::sleep(FULL_PAUSE);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
