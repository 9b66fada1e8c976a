//! Writes log lines through a bounded buffer and one thread. If the reader is slow or gone, the worker's own threads
//! never wait for it. Other threads wait only as long as it still reads.
//!
//! `tracing-appender` has such a writer too. But it bounds its queue only by the number of lines, does not report
//! dropped lines, gives no preference to errors, panics if the system refuses its thread, and prints to standard output
//! if it cannot flush that.

use std::cell::Cell;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::Level;

/// How many bytes may wait to be written. Lines wait in one buffer and need no memory except for their bytes, so
/// their number has no limit of its own.
const MOST_WAITING: usize = 1 << 20;
/// Extra room for errors and for lines of threads that never wait.
const RESERVE: usize = 256 << 10;
/// A buffer that a burst has made larger than this is shrunk.
const KEPT_CAPACITY: usize = 64 << 10;
/// After a write, the thread leaves new lines unwritten for this long, so that it wakes up once for a burst instead
/// of for every line. A line that does not follow another one is written immediately.
const BURST: Duration = Duration::from_millis(2);
/// How long a logging thread waits if its line does not fit. It waits equally long for an error to be written, so
/// that the error is visible even if the program exits right after it. If the wait is in vain, the output counts as
/// stuck, and no thread waits until the output accepts bytes again.
const PATIENCE: Duration = Duration::from_millis(500);
/// The pause between two attempts to write if the output is full and another process has made it non-blocking.
const FULL_PAUSE: Duration = Duration::from_millis(20);

thread_local! {
    static NEVER_WAITS: Cell<bool> = const { Cell::new(false) };
}

/// From now on, this thread never waits for the reader of the log.
pub(crate) fn never_wait_on_this_thread() {
    NEVER_WAITS.set(true);
}

/// Runs `call`, during which this thread never waits for the reader of the log.
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

/// Returns whether this thread never waits for the reader of the log.
pub(crate) fn never_waits() -> bool {
    NEVER_WAITS.get()
}

/// Writes whole lines. The call may block.
type Output = Box<dyn Fn(&[u8]) + Send + Sync>;
/// Returns the line that reports how many lines were dropped.
type Report = Box<dyn Fn(u64) -> String + Send + Sync>;

/// Writes lines on a thread of its own, which starts with the first line.
pub(super) struct LogWriter {
    queue: Mutex<Queue>,
    /// The writing thread waits on this for lines.
    lines_came: Condvar,
    /// Other threads wait on this until lines are taken and written.
    lines_left: Condvar,
    output: Output,
    report: Report,
    patience: Duration,
}

#[derive(Debug, Default)]
struct Queue {
    /// The lines that wait to be written, each complete.
    waiting: Vec<u8>,
    /// The number of bytes that were accepted so far. `written` counts those that were written or could not be written.
    accepted: u64,
    written: u64,
    /// The number of lines dropped since the last report.
    dropped: u64,
    /// The number of threads that wait on [`LogWriter::lines_left`].
    waiters: usize,
    /// Whether the output is stuck: a thread has waited for it in vain, and nothing has been written since then.
    is_stuck: bool,
    thread: Thread,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Thread {
    #[default]
    NotStarted,
    /// The thread waits for lines and must be woken.
    Idle,
    /// The thread looks for lines before it waits again.
    Busy,
    /// The system refused the thread. Logging threads that may wait then write their lines themselves.
    Refused,
}

impl Queue {
    /// Returns whether there is something to write.
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

    /// Accepts a line, which must end with `\n`. If it does not fit, waits a moment for room and then drops it.
    pub(super) fn push(self: &Arc<Self>, level: Level, line: &str) {
        let is_error = level == Level::ERROR;
        let never_waits = never_waits();
        let most = if is_error || never_waits {
            MOST_WAITING + RESERVE
        } else {
            MOST_WAITING
        };
        // If the buffer is empty, it accepts even a line that is longer than its limit.
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

    /// Returns whether all lines so far are written.
    pub(super) fn is_flushed(&self) -> bool {
        let queue = self.queue();
        queue.written == queue.accepted
    }

    /// Waits until all lines so far are written, for `most` at most, because nobody may be reading them. Returns
    /// whether they are written.
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

    /// Waits until `is_so` returns true, or until the output is stuck.
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

    /// Waits until `is_so` returns true, for `most` at most.
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
        // The thread may be waiting for more lines of a burst.
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

    /// Records that the system refused the thread. A logging thread that never waits leaves its lines to the next
    /// thread that may wait.
    fn refused(&self) {
        let mut queue = self.queue();
        if never_waits() {
            queue.thread = Thread::Refused;
            self.lines_left.notify_all();
        } else {
            drop(self.write_waiting(queue));
        }
    }

    /// Writes in place of the refused thread until no lines wait. Lines that other threads log in the meantime are
    /// written here too, so that all lines stay in order.
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

    /// The main function of the thread: writes the waiting lines in one piece, and never returns.
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

    /// Waits for lines and swaps them for the empty `batch`. Returns how many lines were dropped after these lines.
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

    /// Counts written bytes and wakes the threads that wait for them.
    fn count_written(&self, queue: &mut Queue, bytes: usize) {
        queue.written += bytes as u64;
        queue.is_stuck = false;
        if queue.waiters > 0 {
            self.lines_left.notify_all();
        }
    }

    /// Counts written bytes, wakes the threads that wait for them, and then waits for more lines of a burst.
    fn wrote(&self, bytes: usize) {
        let mut queue = self.queue();
        self.count_written(&mut queue, bytes);
        let _ = self
            .lines_came
            .wait_timeout_while(queue, BURST, |queue| queue.waiters == 0);
    }
}

/// Writes all bytes, even to an output that was made non-blocking. Gives up if nobody reads the output any more.
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

/// Returns whether another attempt may succeed. If the output is full, waits first.
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
