//! Standard output and standard error: what writes to them, and how the process waits for that at its end.

use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::format::{Format, Line};
use super::layer::LineSink;
use super::settings::LogSettings;
use super::writer::{LogWriter, write_all};
use crate::text::visible;

/// Writes to standard output and to standard error, unless whoever logs does that itself.
static WRITERS: OnceLock<Writers> = OnceLock::new();

struct Writers {
    output: Arc<LogWriter>,
    /// For errors that the log does not show. Its thread starts with the first one, so mostly never.
    errors: Arc<LogWriter>,
}

impl Writers {
    fn new(format: Format) -> Self {
        let output = |lines: &[u8]| write_all(&mut io::stdout().lock(), lines);
        let errors = |lines: &[u8]| write_all(&mut io::stderr().lock(), lines);
        let dropped = move |lines| {
            let mut text = String::new();
            Line {
                level: tracing::Level::WARN,
                job_id: None,
                message: &format!(
                    "{lines} log lines were dropped: standard output was not read as fast as they came"
                ),
            }
            .write(format, &mut text);
            text
        };
        let dropped_errors = |lines| {
            format!(
                "error: {lines} errors were dropped: standard error was not read as fast as they came\n"
            )
        };
        Self {
            output: Arc::new(LogWriter::new(output, dropped)),
            errors: Arc::new(LogWriter::new(errors, dropped_errors)),
        }
    }
}

/// Where the lines of the log go.
pub(super) enum Destination {
    Writer(Arc<LogWriter>),
    /// To standard output, by whoever logs.
    Direct,
}

impl Destination {
    pub(super) fn of(settings: &LogSettings) -> Self {
        if settings.waits_for_reader {
            return Self::Direct;
        }
        let writers = WRITERS.get_or_init(|| Writers::new(settings.format()));
        Self::Writer(Arc::clone(&writers.output))
    }
}

impl LineSink for Destination {
    fn line(&self, level: tracing::Level, line: &str) {
        match self {
            Self::Writer(writer) => writer.push(level, line),
            Self::Direct => write_all(&mut io::stdout().lock(), line.as_bytes()),
        }
    }
}

/// How long the end of the process waits for the last lines.
const EXIT_WAIT: Duration = Duration::from_secs(2);

/// Waits until the lines so far are written, two seconds at most. For the end of a process, and not for the worker's own
/// threads.
pub(crate) fn flush() {
    if let Some(writers) = WRITERS.get() {
        let begun = Instant::now();
        writers.output.flush_within(EXIT_WAIT);
        let left = EXIT_WAIT.saturating_sub(begun.elapsed());
        writers.errors.flush_within(left);
    }
}

/// The same in asynchronous code, which any executor may poll.
pub(crate) async fn flushed() {
    let is_flushed = |it: &Writers| it.output.is_flushed() && it.errors.is_flushed();
    if WRITERS.get().is_none_or(is_flushed) {
        return;
    }
    let (sender, flushed) = tokio::sync::oneshot::channel::<()>();
    let flushing = std::thread::Builder::new()
        .name("runpod-flush".to_owned())
        .spawn(move || {
            flush();
            drop(sender);
        });
    match flushing {
        // An error means that the sender is gone, and so it is.
        Ok(_) => drop(flushed.await),
        Err(_) => flush(),
    }
}

/// An error that a person has to see: a log line, or text on standard error if the log shows no errors.
pub(crate) fn error(text: &str) {
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("{text}");
        return;
    }
    let line = format!("error: {}\n", visible(text));
    match WRITERS.get() {
        Some(writers) => writers.errors.push(tracing::Level::ERROR, &line),
        // Whoever closed standard error does not want to know.
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}
