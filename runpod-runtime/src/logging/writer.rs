//! Log lines on their way out: a bounded buffer, and one thread that writes it. No thread that logs waits for a reader.
//!
//! `tracing-appender` has such a writer too, but bounds its queue by lines only, reports no drops, gives errors no
//! preference, panics if the system refuses its thread, and prints to standard output if it cannot flush that.

use std::cell::Cell;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::Level;

/// Bytes that may wait to be written. Further lines are dropped and counted. Lines wait in one buffer and cost nothing
/// beside their bytes, so their number needs no bound of its own.
const MOST_WAITING: usize = 1 << 20;
/// What error lines may fill beyond that.
const FOR_ERRORS: usize = 256 << 10;
/// A buffer that a burst made larger than this is given back.
const KEPT_CAPACITY: usize = 64 << 10;
/// After a write, the thread leaves lines unwritten for this long, so that it is woken once for a burst and not for each
/// line. A line that follows no other is written at once.
const BURST: Duration = Duration::from_millis(2);
/// How long an error line is waited for, so that it is seen even if the program ends itself right after it.
const ERROR_WAIT: Duration = Duration::from_millis(500);
/// How long the end of the process waits for the last lines.
const EXIT_WAIT: Duration = Duration::from_secs(2);
/// Between two attempts on an output that is full and has been made non-blocking, by whoever shares it.
const FULL_PAUSE: Duration = Duration::from_millis(20);

thread_local! {
    static NEVER_WAITS: Cell<bool> = const { Cell::new(false) };
}

/// From now on this thread waits for no line, not even for an error.
pub(crate) fn never_wait_on_this_thread() {
    NEVER_WAITS.set(true);
}

/// Writes lines with a thread of its own, which starts with the first line.
pub(super) struct LogWriter {
    queue: Mutex<Queue>,
    /// The thread waits on it for lines.
    lines_came: Condvar,
    /// Those who flush wait on it.
    lines_left: Condvar,
    /// Writes some whole lines. It may block.
    output: Box<dyn Fn(&[u8]) + Send + Sync>,
    /// The line that says how many lines were dropped.
    report: Box<dyn Fn(u64) -> String + Send + Sync>,
    error_wait: Duration,
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
    /// How many threads wait in [`LogWriter::flush`].
    flushing: usize,
    /// An error line was waited for in vain, and nothing was written since.
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
    /// The system refused it: whoever logs writes.
    Refused,
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
            error_wait: ERROR_WAIT,
        }
    }

    /// Takes a line, which ends in `\n`, or drops it if too much is waiting. Only an error line is waited for: once in vain,
    /// then not before something was written again, and never on a thread that never waits.
    pub(super) fn push(self: &Arc<Self>, level: Level, line: &str) {
        let is_error = level == Level::ERROR;
        let mut queue = self.queue();
        if queue.thread == Thread::Refused {
            drop(queue);
            (self.output)(line.as_bytes());
            return;
        }
        let most = if is_error {
            MOST_WAITING + FOR_ERRORS
        } else {
            MOST_WAITING
        };
        if queue.waiting.len() + line.len() > most {
            queue.dropped += 1;
            return;
        }
        queue.waiting.extend_from_slice(line.as_bytes());
        queue.accepted += line.len() as u64;
        let thread = std::mem::replace(&mut queue.thread, Thread::Busy);
        let is_stuck = queue.is_stuck;
        drop(queue);
        match thread {
            Thread::NotStarted => self.start(),
            Thread::Idle => self.lines_came.notify_one(),
            Thread::Busy | Thread::Refused => {}
        }
        if is_error && !is_stuck && !NEVER_WAITS.get() && !self.flush_within(self.error_wait) {
            self.queue().is_stuck = true;
        }
    }

    /// Waits until all lines so far are written, but not for long: nobody may read them.
    pub(super) fn flush(&self) {
        self.flush_within(EXIT_WAIT);
    }

    /// Whether there is nothing to wait for.
    pub(super) fn is_flushed(&self) -> bool {
        let queue = self.queue();
        queue.written == queue.accepted
    }

    /// Whether all lines so far are written.
    fn flush_within(&self, most: Duration) -> bool {
        let deadline = Instant::now() + most;
        let mut queue = self.queue();
        let upto = queue.accepted;
        if queue.written >= upto {
            return true;
        }
        queue.flushing += 1;
        // It may be waiting for more of a burst.
        self.lines_came.notify_one();
        while queue.written < upto {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue = self
                .lines_left
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        queue.flushing -= 1;
        queue.written >= upto
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Self>) {
        let writer = Arc::clone(self);
        let thread = thread::Builder::new().name("runpod-log".to_owned());
        if thread.spawn(move || writer.write_lines()).is_ok() {
            return;
        }
        let mut queue = self.queue();
        queue.thread = Thread::Refused;
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        (self.output)(&waiting);
        let mut queue = self.queue();
        queue.written = queue.accepted;
        self.lines_left.notify_all();
    }

    /// The thread: writes what is waiting, in one piece, and never ends.
    fn write_lines(&self) -> ! {
        let mut batch = Vec::new();
        loop {
            let dropped = self.next_batch(&mut batch);
            (self.output)(&batch);
            if dropped > 0 {
                (self.output)((self.report)(dropped).as_bytes());
            }
            self.wrote(batch.len());
            batch.clear();
            batch.shrink_to(KEPT_CAPACITY);
        }
    }

    /// Waits for lines and swaps them for the empty batch. How many lines were dropped after these.
    fn next_batch(&self, batch: &mut Vec<u8>) -> u64 {
        let mut queue = self.queue();
        while queue.waiting.is_empty() && queue.dropped == 0 {
            queue.thread = Thread::Idle;
            queue = self
                .lines_came
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        queue.thread = Thread::Busy;
        std::mem::swap(&mut queue.waiting, batch);
        std::mem::take(&mut queue.dropped)
    }

    /// Tells those who wait, and then waits for more of a burst.
    fn wrote(&self, bytes: usize) {
        let mut queue = self.queue();
        queue.written += bytes as u64;
        queue.is_stuck = false;
        if queue.flushing > 0 {
            self.lines_left.notify_all();
        }
        let _ = self
            .lines_came
            .wait_timeout_while(queue, BURST, |queue| queue.flushing == 0);
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
