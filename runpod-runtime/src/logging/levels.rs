//! Decides by the level and the source of an event who gets it: the log, and the traces.

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

#[cfg(feature = "otel")]
use super::job_span::JOB_TARGET;
#[cfg(feature = "otel")]
use super::scope;
use super::settings::LogSettings;
use crate::config::LogLevel;

/// Crates below the worker that log a lot at `DEBUG`, the SDK's default level, about things that no user asked for.
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

/// Decides which events become log lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Levels(LevelFilter);

impl Levels {
    #[cfg(test)]
    pub(super) fn up_to(level: LevelFilter) -> Self {
        Self(level)
    }

    pub(super) fn of(settings: &LogSettings) -> Self {
        Self(match settings.level {
            LogLevel::NotSet => LevelFilter::OFF,
            LogLevel::Trace => LevelFilter::TRACE,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Error => LevelFilter::ERROR,
        })
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

    /// Returns the most verbose level that is shown for any event.
    pub(super) fn most(self) -> LevelFilter {
        self.0
    }
}

/// Lets the layer decide for itself and not for the other layers of a program's own subscriber.
impl<S> Filter<S> for Levels {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.shows(*metadata.level(), metadata.target())
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.shows(*metadata.level(), metadata.target()) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most())
    }
}

/// Lets the worker's own log decide for itself if there are other layers in the same subscriber.
#[cfg(feature = "otel")]
pub(super) struct OwnLevels(pub(super) Levels);

#[cfg(feature = "otel")]
impl<S> Filter<S> for OwnLevels {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        self.0.enabled(metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        Filter::<S>::callsite_enabled(&self.0, metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        scope::another_subscriber();
        Some(self.0.most())
    }
}

/// Decides which spans and events belong to traces: those that the log shows, and the spans of jobs.
#[cfg(feature = "otel")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct TraceLevels(Levels);

#[cfg(feature = "otel")]
impl TraceLevels {
    pub(crate) fn of_process() -> Self {
        Self(Levels::of(&LogSettings::of_process()))
    }

    fn takes(self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == JOB_TARGET && metadata.is_span()
            || self.0.shows(*metadata.level(), metadata.target())
    }
}

#[cfg(feature = "otel")]
impl<S> Filter<S> for TraceLevels {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.takes(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.takes(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The spans of jobs have this level.
        Some(self.0.most().max(LevelFilter::ERROR))
    }
}
