//! Writes to standard output, to `cargo runpod dev` and to standard error, and lets the process wait for the last lines
//! when it exits.

use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::format::{Format, Line};
use super::layer::LineSink;
use super::settings::LogSettings;
use super::writer::{LogWriter, write_all};
use crate::process::dev_link::dev_link;
use crate::text::visible;

/// Writes to standard output and standard error, unless each logging thread writes its own lines.
static WRITERS: OnceLock<Writers> = OnceLock::new();

struct Writers {
    output: Arc<LogWriter>,
    /// Writes the errors that the log does not show. Its thread starts with the first such error, so usually never.
    errors: Arc<LogWriter>,
}

impl Writers {
    fn new(format: Format) -> Self {
        let output = |lines: &[u8]| match dev_link() {
            Some(link) => write_all(&mut link.as_ref(), lines),
            None => write_all(&mut io::stdout().lock(), lines),
        };
        let errors = |lines: &[u8]| write_all(&mut io::stderr().lock(), lines);
        let dropped = move |lines| {
            let mut text = String::new();
            Line {
                level: tracing::Level::WARN,
                job_id: None,
                message: &format!(
                    "{lines} log lines were dropped: standard output was not read fast enough"
                ),
            }
            .write(format, &mut text);
            text
        };
        let dropped_errors = |lines| {
            format!("error: {lines} errors were dropped: standard error was not read fast enough\n")
        };
        Self {
            output: Arc::new(LogWriter::new(output, dropped)),
            errors: Arc::new(LogWriter::new(errors, dropped_errors)),
        }
    }
}

/// The destination of log lines.
pub(super) enum Destination {
    Writer(Arc<LogWriter>),
    /// Standard output, to which each logging thread writes its own lines.
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

/// How long the process waits for the last lines before it exits.
const EXIT_WAIT: Duration = Duration::from_secs(2);

/// Waits until the log has written all lines so far, at most two seconds. Call it before `std::process::exit`.
///
/// ```
/// runpod::logging::flush();
/// ```
// The worker's own threads must not call it.
pub fn flush() {
    if let Some(writers) = WRITERS.get() {
        let begun = Instant::now();
        writers.output.flush_within(EXIT_WAIT);
        let left = EXIT_WAIT.saturating_sub(begun.elapsed());
        writers.errors.flush_within(left);
    }
}

/// Like [`flush`], for asynchronous code on any executor.
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
        // An error means that the sender was dropped, and this code waits for that.
        Ok(_) => drop(flushed.await),
        Err(_) => flush(),
    }
}

/// Shows an error that a person must see: as a log line, or on standard error if the log does not show errors.
pub(crate) fn error(text: &str) {
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("{text}");
        return;
    }
    let line = format!("error: {}\n", visible(text));
    match WRITERS.get() {
        Some(writers) => writers.errors.push(tracing::Level::ERROR, &line),
        // If standard error is closed, there is nobody to show the error to.
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}
