use std::sync::mpsc::{self, Receiver, Sender};

use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::config::{LogLevel, Secret};
use crate::logging::LogSettings;
use crate::logging::layer::LogLayer;
use crate::logging::outputs::Destination;

/// A timeout that is far longer than a test takes.
const VERY_LONG: Duration = Duration::from_hours(1);

/// The other end of an output that blocks in each write until the test lets it continue.
struct Reader {
    batches: Receiver<String>,
    permits: Sender<()>,
}

impl Reader {
    /// Waits for the next piece that is written. Its write continues to block.
    fn begun(&self) -> String {
        self.batches.recv().unwrap()
    }

    fn let_go(&self) {
        self.permits.send(()).unwrap();
    }

    fn read(&self) -> String {
        let batch = self.begun();
        self.let_go();
        batch
    }
}

fn writer() -> (LogWriter, Reader) {
    let (sender, batches) = mpsc::channel();
    let (permits, permitted) = mpsc::channel();
    let permitted = Mutex::new(permitted);
    let writer = LogWriter::new(
        move |batch| {
            let batch = String::from_utf8(batch.to_vec()).unwrap();
            // An error means that the test has finished and reads nothing more.
            let _ = sender.send(batch);
            let _ = permitted.lock().unwrap().recv();
        },
        |dropped| format!("{dropped} dropped\n"),
    );
    (writer, Reader { batches, permits })
}

/// Returns a writer whose thread is blocked in a write, with nothing else to write.
fn stuck_writer(patience: Duration) -> (Arc<LogWriter>, Reader) {
    let (mut writer, reader) = writer();
    writer.patience = patience;
    let writer = Arc::new(writer);
    writer.push(Level::INFO, "first\n");
    assert_eq!(reader.begun(), "first\n");
    (writer, reader)
}

fn kilobyte() -> String {
    format!("{}\n", "x".repeat(999))
}

/// Pushes lines of 1000 bytes until one is dropped. Returns how many were accepted.
fn fill(writer: &Arc<LogWriter>, level: Level) -> usize {
    let dropped = writer.queue().dropped;
    (0..10_000)
        .take_while(|_| {
            writer.push(level, &kilobyte());
            writer.queue().dropped == dropped
        })
        .count()
}

#[test]
fn lines_that_come_during_a_write_are_written_in_one_piece_and_in_order() {
    let (writer, reader) = stuck_writer(Duration::ZERO);
    writer.push(Level::INFO, "a\n");
    writer.push(Level::DEBUG, "b\n");
    reader.let_go();
    assert_eq!(reader.read(), "a\nb\n");
}

#[test]
fn what_waits_is_bounded_in_bytes_and_errors_have_room_beyond_that() {
    let (writer, _reader) = stuck_writer(Duration::ZERO);
    let lines = fill(&writer, Level::INFO);
    assert_eq!(lines, MOST_WAITING / 1000);
    assert_eq!(fill(&writer, Level::WARN), 0);
    let errors = fill(&writer, Level::ERROR);
    assert_eq!(lines + errors, (MOST_WAITING + RESERVE) / 1000);
    assert_eq!(writer.queue().waiting.len(), (lines + errors) * 1000);
}

#[test]
fn lines_of_a_thread_that_never_waits_have_that_room_too() {
    let (writer, _reader) = stuck_writer(VERY_LONG);
    never_wait_on_this_thread();
    assert_eq!(fill(&writer, Level::INFO), (MOST_WAITING + RESERVE) / 1000);
}

#[test]
fn a_line_that_does_not_fit_waits_for_a_reader_that_is_slow() {
    let (writer, reader) = stuck_writer(VERY_LONG);
    let lines = MOST_WAITING / 1000;
    for _ in 0..lines {
        writer.push(Level::INFO, &kilobyte());
    }
    let log = Arc::clone(&writer);
    let logging = thread::spawn(move || log.push(Level::INFO, &kilobyte()));
    reader.let_go();
    let first = reader.read();
    logging.join().unwrap();
    // The last line may have waited for room, or it may have come after the thread had taken the others.
    let second = if first.lines().count() == lines {
        reader.read()
    } else {
        String::new()
    };
    assert_eq!(first.lines().count() + second.lines().count(), lines + 1);
    assert_eq!(writer.queue().dropped, 0);
}

#[test]
fn dropped_lines_are_counted_and_reported_behind_those_that_were_kept() {
    let (writer, reader) = stuck_writer(Duration::ZERO);
    let kept = fill(&writer, Level::INFO);
    fill(&writer, Level::INFO);
    fill(&writer, Level::INFO);
    reader.let_go();
    assert_eq!(reader.read().lines().count(), kept);
    assert_eq!(reader.begun(), "3 dropped\n");
    writer.push(Level::INFO, "next\n");
    reader.let_go();
    assert_eq!(reader.read(), "next\n", "dropped lines are reported once");
}

#[test]
fn the_room_of_a_burst_is_given_back() {
    let (writer, reader) = stuck_writer(Duration::ZERO);
    fill(&writer, Level::INFO);
    for _ in 0..3 {
        reader.let_go();
    }
    assert!(writer.flush_within(VERY_LONG));
    // Each of the two buffers has been used for both purposes once.
    for _ in 0..2 {
        writer.push(Level::INFO, "a\n");
        reader.let_go();
        assert!(writer.flush_within(VERY_LONG));
        assert!(writer.queue().waiting.capacity() <= KEPT_CAPACITY);
    }
}

#[test]
fn a_flush_waits_for_the_lines_before_it_and_not_for_ever() {
    let (writer, reader) = stuck_writer(Duration::ZERO);
    assert!(!writer.is_flushed());
    assert!(
        !writer.flush_within(Duration::ZERO),
        "nobody reads the output"
    );
    writer.push(Level::INFO, "second\n");
    reader.let_go();
    reader.let_go();
    assert!(writer.flush_within(VERY_LONG));
    assert!(writer.is_flushed());
    let written: Vec<_> = reader.batches.try_iter().collect();
    assert_eq!(written, ["second\n"]);
}

#[test]
fn a_flush_before_the_first_line_has_nothing_to_wait_for() {
    let (writer, _reader) = writer();
    assert!(writer.flush_within(Duration::ZERO));
}

#[test]
fn an_error_is_written_when_it_was_logged() {
    let (mut writer, reader) = writer();
    writer.patience = VERY_LONG;
    let writer = Arc::new(writer);
    reader.let_go();
    writer.push(Level::ERROR, "gone\n");
    assert_eq!(reader.batches.try_recv().as_deref(), Ok("gone\n"));
}

#[test]
fn an_output_that_was_waited_for_in_vain_is_stuck_until_something_is_written() {
    let (writer, reader) = stuck_writer(Duration::ZERO);
    writer.push(Level::ERROR, "second\n");
    assert!(writer.queue().is_stuck);
    reader.let_go();
    reader.let_go();
    assert!(writer.flush_within(VERY_LONG));
    assert!(!writer.queue().is_stuck);
}

#[test]
fn nobody_waits_for_an_output_that_is_stuck() {
    let (writer, reader) = stuck_writer(VERY_LONG);
    writer.queue().is_stuck = true;
    writer.push(Level::ERROR, "a\n");
    let lines = fill(&writer, Level::INFO);
    reader.let_go();
    assert_eq!(reader.read().lines().count(), lines + 1);
}

#[test]
fn a_thread_that_never_waits_does_not_even_wait_for_an_error() {
    let (writer, reader) = stuck_writer(VERY_LONG);
    never_wait_on_this_thread();
    writer.push(Level::ERROR, "a\n");
    reader.let_go();
    assert_eq!(reader.read(), "a\n");
}

#[test]
fn what_waits_to_be_written_has_no_secret_in_it() {
    let (writer, _reader) = stuck_writer(Duration::ZERO);
    let settings = LogSettings {
        level: LogLevel::Info,
        json: true,
        secrets: Secret::new("rpa_SECRETKEY").into(),
        color: false,
        waits_for_reader: false,
    };
    let layer = LogLayer::new(&settings, Destination::Writer(Arc::clone(&writer)));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info!("the key is rpa_SECRETKEY");
    });
    let waiting = String::from_utf8(writer.queue().waiting.clone()).unwrap();
    assert!(waiting.contains("the key is [redacted]"), "{waiting}");
}

/// Returns a writer whose thread the system has refused, and a receiver for everything that it writes.
fn writer_without_thread() -> (Arc<LogWriter>, Receiver<String>) {
    let (sender, written) = mpsc::channel();
    let output = move |batch: &[u8]| {
        let _ = sender.send(String::from_utf8(batch.to_vec()).unwrap());
    };
    let writer = LogWriter::new(output, |dropped| format!("{dropped} dropped\n"));
    writer.queue().thread = Thread::Refused;
    (Arc::new(writer), written)
}

#[test]
fn without_a_thread_whoever_logs_writes() {
    let (writer, written) = writer_without_thread();
    writer.push(Level::INFO, "a\n");
    writer.push(Level::ERROR, "b\n");
    assert_eq!(written.try_iter().collect::<Vec<_>>(), ["a\n", "b\n"]);
    assert!(writer.is_flushed());
}

#[test]
fn without_a_thread_a_line_of_one_that_never_waits_is_written_before_the_next_one() {
    let (writer, written) = writer_without_thread();
    never_waiting(|| {
        writer.push(Level::ERROR, "a\n");
        writer.push(Level::INFO, "b\n");
    });
    assert_eq!(written.try_recv().ok(), None);
    writer.push(Level::INFO, "c\n");
    assert_eq!(written.try_iter().collect::<String>(), "a\nb\nc\n");
    never_waiting(|| writer.push(Level::INFO, "d\n"));
    assert!(!writer.is_flushed());
    assert!(writer.flush_within(Duration::ZERO));
    assert_eq!(written.try_recv().as_deref(), Ok("d\n"));
}

#[test]
fn without_a_thread_what_waits_is_bounded_and_what_is_dropped_is_reported() {
    let (writer, written) = writer_without_thread();
    let kept = never_waiting(|| fill(&writer, Level::INFO));
    assert_eq!(kept, (MOST_WAITING + RESERVE) / 1000);
    writer.push(Level::INFO, "next\n");
    let text: String = written.try_iter().collect();
    assert_eq!(text.lines().count(), kept + 2);
    assert!(text.ends_with("1 dropped\nnext\n"), "{}", text.len());
}

#[test]
fn a_thread_that_never_waits_and_is_refused_the_logs_thread_writes_nothing() {
    let (writer, written) = writer_without_thread();
    for never_waits in [true, false] {
        writer.queue().thread = Thread::NotStarted;
        let refused = |queue: &mut Queue| {
            queue.thread = Thread::Busy;
            queue.waiting.extend_from_slice(b"a\n");
            queue.accepted += 2;
        };
        refused(&mut writer.queue());
        if never_waits {
            never_waiting(|| writer.refused());
            assert_eq!(written.try_recv().ok(), None);
        } else {
            writer.refused();
            assert_eq!(written.try_recv().as_deref(), Ok("a\na\n"));
        }
        assert_eq!(writer.queue().thread, Thread::Refused);
    }
}

#[test]
fn lines_that_come_while_another_thread_writes_in_place_of_the_logs_thread_are_in_order() {
    let (writer, reader) = writer();
    writer.queue().thread = Thread::Refused;
    let writer = Arc::new(writer);
    let log = Arc::clone(&writer);
    let logging = thread::spawn(move || log.push(Level::INFO, "a\n"));
    assert_eq!(reader.begun(), "a\n");
    // The write of the other thread blocks.
    writer.push(Level::INFO, "b\n");
    never_waiting(|| writer.push(Level::INFO, "c\n"));
    reader.let_go();
    assert_eq!(reader.read(), "b\nc\n");
    logging.join().unwrap();
    assert!(writer.is_flushed());
    assert_eq!(writer.queue().thread, Thread::Refused);
}

#[test]
fn a_line_that_is_longer_than_all_room_is_written_if_nothing_else_waits() {
    let (writer, written) = writer_without_thread();
    let long = "x".repeat(MOST_WAITING + RESERVE) + "\n";
    writer.push(Level::INFO, &long);
    assert_eq!(written.try_recv().ok(), Some(long));
}

/// An output that answers each write and flush with the next of these results.
struct Answers(Vec<io::Result<usize>>, Vec<u8>);

impl io::Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.remove(0)?.min(bytes.len());
        self.1.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.remove(0).map(drop)
    }
}

#[test]
fn an_output_that_is_full_or_interrupted_gets_all_of_it() {
    let passing = |kind: io::ErrorKind| Err(kind.into());
    let mut output = Answers(
        vec![
            Ok(2),
            passing(io::ErrorKind::WouldBlock),
            passing(io::ErrorKind::Interrupted),
            Ok(100),
            passing(io::ErrorKind::WouldBlock),
            Ok(0),
        ],
        Vec::new(),
    );
    write_all(&mut output, b"a line\n");
    assert_eq!((output.0.len(), output.1.as_slice()), (0, &b"a line\n"[..]));
}

#[test]
fn an_output_that_is_closed_is_asked_once() {
    let mut output = Answers(
        vec![Ok(1), Err(io::ErrorKind::BrokenPipe.into())],
        Vec::new(),
    );
    write_all(&mut output, b"a line\n");
    assert!(output.0.is_empty());
}
