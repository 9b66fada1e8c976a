//! Receives events, finds the job they belong to, and writes their lines.

use std::borrow::Cow;
use std::cell::Cell;
use std::error::Error;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::format::{Format, Line, shortened, shortened_id};
use super::settings::LogSettings;
use crate::config::{LogLevel, Secrets};
use crate::error::with_causes;

/// The target that tells the spans of [`job_span`] from a user's own that are named `job` too.
const JOB_TARGET: &str = module_path!();

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

/// Takes the lines.
pub(super) trait LineSink: 'static {
    /// `line` is one whole line, with `\n` at its end.
    fn line(&self, level: Level, line: &str);
}

/// Makes a line of each event.
pub(super) struct LogLayer<L> {
    levels: Levels,
    format: Format,
    secrets: Secrets,
    lines: L,
}

impl<L: LineSink> LogLayer<L> {
    pub(super) fn new(settings: &LogSettings, lines: L) -> Self {
        Self {
            levels: Levels(match settings.level {
                LogLevel::NotSet => LevelFilter::OFF,
                LogLevel::Trace => LevelFilter::TRACE,
                LogLevel::Debug => LevelFilter::DEBUG,
                LogLevel::Info => LevelFilter::INFO,
                LogLevel::Warn => LevelFilter::WARN,
                LogLevel::Error => LevelFilter::ERROR,
            }),
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
        } = event;
        if let Some(batch_id) = job.and_then(|job| job.batch_id.as_deref()) {
            for part in ["] ", batch_id, "[batchId="] {
                message.insert_str(0, part);
            }
        }
        message.push_str(fields);
        // The key must be gone before the cut, which could leave a half of it on either side.
        let message = self.secrets.redact(message);
        let message = shortened(&message);
        let job_id = if *has_job_id {
            self.secrets.redact(job_id)
        } else {
            // Redacted when the span began.
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
        // Runs the program's code, which may log: so before a span is looked into.
        event.record(&mut text);
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
    /// Empty if there is none.
    id: String,
    batch_id: Option<String>,
}

impl Visit for JobScope {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "id" => value.clone_into(&mut self.id),
            "batch_id" if !value.is_empty() => self.batch_id = Some(value.to_owned()),
            _ => {}
        }
    }

    /// [`super::job_span`] has text only.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The text of an event: its message, and every other field behind it.
#[derive(Debug, Default)]
struct EventText {
    message: String,
    fields: String,
    job_id: String,
    has_job_id: bool,
    line: String,
}

thread_local! {
    /// Room for the next event of this thread, so that a line costs no allocation.
    static SPARE: Cell<Option<EventText>> = const { Cell::new(None) };
}

/// Room beyond this is given back.
const KEPT_CAPACITY: usize = 4096;

impl EventText {
    /// An empty one. Inside of another event there is no spare one, and at the end of a thread neither.
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
            "message" => self.message.push_str(value),
            "job_id" => {
                value.clone_into(&mut self.job_id);
                self.has_job_id = true;
            }
            // Quoted if it could not be distinguished from what is around it.
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

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
