//! Receives events, finds the jobs that they belong to, and writes a line for each.

use std::borrow::Cow;
use std::cell::Cell;
use std::error::Error;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::format::{Format, Line, shortened, shortened_id};
use super::job_span::JOB_TARGET;
use super::levels::Levels;
use super::recent;
use super::scope;
use super::settings::LogSettings;
use crate::config::Secrets;
use crate::error::with_causes;

/// The destination of the log lines.
pub(super) trait LineSink: 'static {
    /// Receives one whole line, which ends with `\n`.
    fn line(&self, level: Level, line: &str);
}

/// Turns each event into a line.
pub(super) struct LogLayer<L> {
    levels: Levels,
    format: Format,
    secrets: Secrets,
    lines: L,
}

impl<L: LineSink> LogLayer<L> {
    pub(super) fn new(settings: &LogSettings, lines: L) -> Self {
        Self {
            levels: Levels::of(settings),
            format: settings.format(),
            secrets: settings.secrets.clone(),
            lines,
        }
    }

    pub(super) fn levels(&self) -> Levels {
        self.levels
    }

    fn shows(&self, metadata: &Metadata<'_>) -> bool {
        self.levels.shows(*metadata.level(), metadata.target())
    }

    fn write(&self, level: Level, job: Option<&JobScope>, event: &mut EventText) {
        let EventText {
            message,
            fields,
            job_id,
            has_job_id,
            line,
            ..
        } = event;
        if let Some(batch_id) = job.and_then(|job| job.batch_id.as_deref()) {
            for part in ["] ", batch_id, "[batchId="] {
                message.insert_str(0, part);
            }
        }
        message.push_str(fields);
        // Keys must be removed before the message is shortened. Otherwise a part of a key could remain on either side
        // of the gap.
        let message = self.secrets.redact(message);
        let message = shortened(&message);
        let job_id = if *has_job_id {
            self.secrets.redact(job_id)
        } else {
            // This id was redacted when the span was created.
            job.map_or("", |job| &job.id).into()
        };
        let shown = Line {
            level,
            job_id: (!job_id.is_empty()).then_some(shortened_id(&job_id)),
            message: message.trim_start_matches(' '),
        };
        #[cfg(feature = "local")]
        if let (Some(read), Some(id)) = (JOB_READER.get(), shown.job_id) {
            read(id, shown.level, shown.message);
        }
        shown.write(self.format, line);
        recent::keep(line);
        self.lines.line(level, line);
    }
}

impl<S, L> Layer<S> for LogLayer<L>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    L: LineSink,
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
        scope::another_subscriber();
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
        if let Cow::Owned(clean) = self.secrets.redact(&job.id) {
            job.id = clean;
        }
        span.extensions_mut().insert(job);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let level = *event.metadata().level();
        let mut text = EventText::take();
        // This runs user code, which may log. So it must run before the code below looks into a span.
        text.is_from_log = event.metadata().target() == "log";
        event.record(&mut text);
        if text.is_from_log && !self.levels.shows(level, &text.log_target) {
            text.put_back();
            return;
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(job) = span.extensions().get::<JobScope>() {
                self.write(level, Some(job), &mut text);
                text.put_back();
                return;
            }
        }
        self.write(level, None, &mut text);
        text.put_back();
    }
}

/// The fields of a job's span.
#[derive(Debug, Default)]
struct JobScope {
    /// Empty if the span has no id.
    id: String,
    batch_id: Option<String>,
}

impl Visit for JobScope {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "job_id" => value.clone_into(&mut self.id),
            "batch_id" if !value.is_empty() => self.batch_id = Some(value.to_owned()),
            _ => {}
        }
    }

    /// The fields of [`super::job_span`] are all strings.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The text of an event: its message, followed by all other fields.
#[derive(Debug, Default)]
struct EventText {
    message: String,
    fields: String,
    job_id: String,
    has_job_id: bool,
    /// Whether the crate tracing-log has made the event from an event of the crate `log`. A program's own subscriber
    /// may use that crate. It puts the place of the event into fields named `log.…`.
    is_from_log: bool,
    log_target: String,
    line: String,
}

thread_local! {
    /// The buffers for the next event of this thread, so that a line needs no allocation.
    static SPARE: Cell<Option<EventText>> = const { Cell::new(None) };
}

/// Buffers that have grown beyond this are shrunk.
const KEPT_CAPACITY: usize = 4096;

impl EventText {
    /// Takes the spare buffers, or new ones. No spare buffers exist while another event is being logged or when the
    /// thread is about to end.
    fn take() -> Self {
        SPARE
            .try_with(Cell::take)
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    fn put_back(mut self) {
        self.has_job_id = false;
        for text in [
            &mut self.message,
            &mut self.fields,
            &mut self.job_id,
            &mut self.log_target,
            &mut self.line,
        ] {
            text.clear();
            text.shrink_to(KEPT_CAPACITY);
        }
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }
}

impl Visit for EventText {
    fn record_str(&mut self, field: &Field, value: &str) {
        let name = field.name();
        match name.strip_prefix("r#").unwrap_or(name) {
            "log.target" if self.is_from_log => value.clone_into(&mut self.log_target),
            name if self.is_from_log && name.starts_with("log.") => {}
            "message" => self.message.push_str(value),
            "job_id" => {
                value.clone_into(&mut self.job_id);
                self.has_job_id = true;
            }
            // The value is quoted if it could not be distinguished from the text around it.
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
        self.record_str(field, &with_causes(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        let _ = match name.strip_prefix("r#").unwrap_or(name) {
            name if self.is_from_log && name.starts_with("log.") => Ok(()),
            "message" => write!(self.message, "{value:?}"),
            "job_id" => {
                self.job_id.clear();
                self.has_job_id = true;
                write!(self.job_id, "{value:?}")
            }
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

/// Gets the level and the text of every log line that belongs to a job.
#[cfg(feature = "local")]
type JobReader = Box<dyn Fn(&str, tracing::Level, &str) + Send + Sync>;

#[cfg(feature = "local")]
static JOB_READER: std::sync::OnceLock<JobReader> = std::sync::OnceLock::new();

/// Also calls `read` for every log line of a job, with the job's id, the level and the message. Only the first reader
/// that is set is used.
#[cfg(feature = "local")]
pub(crate) fn also_to(read: impl Fn(&str, tracing::Level, &str) + Send + Sync + 'static) {
    let _ = JOB_READER.set(Box::new(read));
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
