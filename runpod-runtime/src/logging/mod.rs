//! The log: one line per event on stdout, as JSON on the platform and readable in a terminal (the SDK's two formats).
//!
//! Events come from `tracing`, the worker's own and those of handlers and their libraries; each is given the id of the job
//! in whose [`job_span`] it happened. Events of the crate `log` come through [`bridge`]. The keys are taken out of every line
//! here, whoever wrote it. What is worth logging is decided elsewhere.

mod bridge;
#[cfg(test)]
mod capture;
mod format;
mod layer;

use std::io::{self, Write as _};

use tracing::Span;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::{LogLevel, Secrets, Settings};

use self::layer::LogLayer;

#[cfg(test)]
pub(crate) use self::capture::{captured, captured_here};
pub(crate) use self::format::{is_misleading, visible};

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
}

impl LogSettings {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            level: settings.log_level,
            json: settings.json_logs,
            secrets: settings.secrets.clone(),
            color: settings.color,
        }
    }
}

/// Starts the log. A subscriber or a logger that the program has installed itself stays.
pub(crate) fn init(settings: &LogSettings) {
    let layer = LogLayer::new(settings, || io::stdout().lock());
    let levels = layer.levels();
    let installed =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).is_ok();
    // Who has a subscriber of one's own decides on the events of `log`, too.
    if installed {
        bridge::install(levels);
    }
}

/// An error that a person has to see: a log line, or text on standard error if the log shows no errors.
pub(crate) fn error(text: &str) {
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("{text}");
    } else {
        // Whoever closed standard error does not want to know.
        let _ = writeln!(io::stderr(), "error: {}", visible(text));
    }
}

/// Gets the level and the text of every line that a job's log has.
#[cfg(feature = "local")]
type JobReader = Box<dyn Fn(&str, tracing::Level, &str) + Send + Sync>;

#[cfg(feature = "local")]
static JOB_READER: std::sync::OnceLock<JobReader> = std::sync::OnceLock::new();

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
