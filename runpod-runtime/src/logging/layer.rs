//! Receives events, finds the job they belong to, and writes their lines.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::format::{Line, shortened};
use super::{JOB_TARGET, LogSettings};
use crate::config::{LogLevel, Secrets};

/// Crates below the worker that say much at `DEBUG`, the SDK's default, about things that no user asked for.
const NOISY: [&str; 13] = [
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "mio",
    "quinn",
    "reqwest",
    "rustls",
    "tokio",
    "tokio_rustls",
    "tokio_util",
    "tower",
    "want",
];

/// Which events are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Levels(LevelFilter);

impl Levels {
    #[cfg(test)]
    pub(super) fn up_to(level: LevelFilter) -> Self {
        Self(level)
    }

    pub(super) fn shows(self, level: Level, target: &str) -> bool {
        let source = target.split("::").next().unwrap_or_default();
        let limit = if NOISY.contains(&source) {
            self.0.min(LevelFilter::WARN)
        } else {
            self.0
        };
        level <= limit
    }

    /// The last level of which an event may be shown.
    pub(super) fn most(self) -> LevelFilter {
        self.0
    }
}

/// Writes each event to what `writer` gives, in one piece.
pub(super) struct LogLayer<W> {
    levels: Levels,
    json: bool,
    color: bool,
    secrets: Secrets,
    writer: W,
}

impl<W> LogLayer<W> {
    pub(super) fn new(settings: &LogSettings, writer: W) -> Self {
        Self {
            levels: Levels(match settings.level {
                LogLevel::NotSet => LevelFilter::OFF,
                LogLevel::Trace => LevelFilter::TRACE,
                LogLevel::Debug => LevelFilter::DEBUG,
                LogLevel::Info => LevelFilter::INFO,
                LogLevel::Warn => LevelFilter::WARN,
                LogLevel::Error => LevelFilter::ERROR,
            }),
            json: settings.json,
            color: settings.color,
            secrets: settings.secrets.clone(),
            writer,
        }
    }

    pub(super) fn levels(&self) -> Levels {
        self.levels
    }

    fn shows(&self, metadata: &Metadata<'_>) -> bool {
        self.levels.shows(*metadata.level(), metadata.target())
    }

    fn line(&self, job: Option<&JobScope>, event: EventText) -> String {
        let clean = |text: String| match self.secrets.redact(&text) {
            Cow::Owned(clean) => clean,
            Cow::Borrowed(_) => text,
        };
        let mut message = event.message;
        message.push_str(&event.fields);
        if let Some(batch_id) = job.and_then(|job| job.batch_id.as_deref()) {
            message.insert_str(0, &format!("[batchId={batch_id}] "));
        }
        // The key must be gone before the cut, which could leave a half of it on either side.
        let message = shortened(clean(message));
        let job_id = event
            .job_id
            .or_else(|| job.and_then(|job| job.id.clone()))
            .filter(|id| !id.is_empty())
            .map(clean);
        let line = Line {
            level: event.level,
            job_id: job_id.as_deref(),
            message: message.trim_start_matches(' '),
        };
        #[cfg(feature = "local")]
        if let (Some(read), Some(id), true) = (super::JOB_READER.get(), line.job_id, job.is_some())
        {
            read(id, line.level, line.message);
        }
        if self.json {
            line.json()
        } else {
            line.terminal(self.color)
        }
    }
}

impl<S, W, O> Layer<S> for LogLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn() -> O + 'static,
    O: io::Write,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.shows(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.shows(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.levels.most())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        if metadata.name() != "job" || metadata.target() != JOB_TARGET {
            return;
        }
        let Some(span) = context.span(id) else {
            return;
        };
        let mut job = JobScope::default();
        attributes.record(&mut job);
        span.extensions_mut().insert(job);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(job) = span.extensions_mut().get_mut::<JobScope>()
        {
            values.record(job);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = EventText::new(*event.metadata().level());
        event.record(&mut text);
        let job = context.event_scope(event).and_then(|mut scope| {
            scope.find_map(|span| span.extensions().get::<JobScope>().cloned())
        });
        let line = self.line(job.as_ref(), text);
        // A log that nobody can read any more is no reason to stop working.
        let mut writer = (self.writer)();
        let _ = writer
            .write_all(line.as_bytes())
            .and_then(|()| writer.flush());
    }
}

/// What the span of a job says.
#[derive(Debug, Clone, Default)]
struct JobScope {
    id: Option<String>,
    batch_id: Option<String>,
}

impl Visit for JobScope {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "id" => self.id = Some(value.to_owned()),
            "batch_id" if !value.is_empty() => self.batch_id = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// What an event says: its message, and every other field behind it.
struct EventText {
    level: tracing::Level,
    message: String,
    fields: String,
    job_id: Option<String>,
}

impl EventText {
    fn new(level: tracing::Level) -> Self {
        Self {
            level,
            message: String::new(),
            fields: String::new(),
            job_id: None,
        }
    }
}

impl Visit for EventText {
    fn record_str(&mut self, field: &Field, value: &str) {
        let name = field.name();
        match name.strip_prefix("r#").unwrap_or(name) {
            "message" => self.message.push_str(value),
            "job_id" => self.job_id = Some(value.to_owned()),
            // Quoted where it could not be told from what stands around it.
            name if value.is_empty()
                || value.contains(|c: char| c.is_whitespace() || c == '"' || c == '=') =>
            {
                let _ = write!(self.fields, " {name}={value:?}");
            }
            name => {
                let _ = write!(self.fields, " {name}={value}");
            }
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        self.record_str(field, &text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        let _ = match name.strip_prefix("r#").unwrap_or(name) {
            "message" => write!(self.message, "{value:?}"),
            "job_id" => {
                self.job_id = Some(format!("{value:?}"));
                Ok(())
            }
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
