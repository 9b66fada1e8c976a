//! The log: one line per event on stdout, as JSON on the platform and readable in a terminal (the SDK's two formats).
//!
//! Events come from `tracing`, the worker's own and those of handlers and their libraries; each is given the id of the job
//! in whose [`job_span`] it happened. Events of the crate `log` come through [`bridge`]. The keys are taken out of every line
//! here, whoever wrote it. What is worth logging is decided elsewhere.
//!
//! A worker on the platform, and one with an endpoint of its own, must not wait for whoever reads its log: a thread of the
//! log's own writes ([`writer`]), and drops lines that nobody reads. A local test run writes its few lines where they are
//! logged, so that they are complete and in order with what the program prints itself.

mod bridge;
#[cfg(test)]
mod capture;
mod format;
mod layer;
mod writer;

use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tracing::Span;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::{LogLevel, Mode, Secrets, Settings};

use self::format::{Format, Line};
use self::layer::{Lines, LogLayer};
use self::writer::{LogWriter, write_all};

#[cfg(test)]
pub(crate) use self::capture::{captured, captured_here};
pub(crate) use self::format::{is_misleading, shortened_part, visible};
pub(crate) use self::writer::{never_wait_on_this_thread, never_waiting, never_waits};

/// The target that tells the spans of [`job_span`] from a user's own that are named `job` too.
const JOB_TARGET: &str = module_path!();

/// How the log looks.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) level: LogLevel,
    /// JSON lines for the platform.
    pub(crate) json: bool,
    /// What must appear in no line.
    pub(crate) secrets: Secrets,
    pub(crate) color: bool,
    /// Whoever logs waits until the line is written.
    pub(crate) waits_for_reader: bool,
}

impl LogSettings {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            level: settings.log_level,
            json: settings.json_logs,
            secrets: settings.secrets.clone(),
            color: settings.color,
            waits_for_reader: match settings.mode {
                Mode::Platform(_) | Mode::ServeApi(_) => false,
                Mode::TestJob { .. } | Mode::MissingTestInput => true,
            },
        }
    }

    fn format(&self) -> Format {
        if self.json {
            Format::Json
        } else {
            Format::Terminal { color: self.color }
        }
    }
}

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
enum Destination {
    Writer(Arc<LogWriter>),
    /// To standard output, by whoever logs.
    Direct,
}

impl Lines for Destination {
    fn line(&self, level: tracing::Level, line: &str) {
        match self {
            Self::Writer(writer) => writer.push(level, line),
            Self::Direct => write_all(&mut io::stdout().lock(), line.as_bytes()),
        }
    }
}

/// Starts the log. A subscriber or a logger that the program has installed itself stays.
pub(crate) fn init(settings: &LogSettings) {
    let destination = if settings.waits_for_reader {
        Destination::Direct
    } else {
        let writers = WRITERS.get_or_init(|| Writers::new(settings.format()));
        Destination::Writer(Arc::clone(&writers.output))
    };
    let layer = LogLayer::new(settings, destination);
    let levels = layer.levels();
    let installed =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).is_ok();
    // Who has a subscriber of one's own decides on the events of `log`, too.
    if installed {
        bridge::install(levels);
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

/// Gets the level and the text of every line that a job's log has.
#[cfg(feature = "local")]
type JobReader = Box<dyn Fn(&str, tracing::Level, &str) + Send + Sync>;

#[cfg(feature = "local")]
static JOB_READER: OnceLock<JobReader> = OnceLock::new();

/// Has somebody read the lines of jobs too, with the id of the job first. The first reader stays.
#[cfg(feature = "local")]
pub(crate) fn also_to(read: impl Fn(&str, tracing::Level, &str) + Send + Sync + 'static) {
    let _ = JOB_READER.set(Box::new(read));
}

/// The span of one job. Every event in it and below it carries the job's id.
///
/// At the level of errors, because a span under the chosen level does not exist: its errors would lose their job.
pub(crate) fn job_span(id: &str, batch_id: Option<&str>) -> Span {
    tracing::error_span!("job", id, batch_id)
}
