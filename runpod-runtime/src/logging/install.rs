//! Decides which subscriber gets the worker's lines: the worker's own log, or a subscriber that the program installs.
//!
//! A process can install one global subscriber, and nothing can replace it. So the worker must not install its log
//! before `main` has returned: `tracing_subscriber::fmt().init()` in `main` would panic. But the lines of `main` must
//! not be lost either. Therefore, while `main` runs, the log is the default of the main thread and of each thread that
//! the worker has started ([`scope`]). When `main` has returned, the log becomes the global subscriber unless the
//! program has installed one ([`settle`]).
//!
//! If `main` installs a subscriber, the log must give way immediately, because a thread's own default takes precedence
//! over the global one. When any subscriber is created, `tracing` asks all existing subscribers for their maximum level.
//! The log gets this question too and then gives way ([`scope::another_subscriber`]).

use std::sync::OnceLock;

use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;
#[cfg(feature = "otel")]
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::layer::LogLayer;
use super::levels::Levels;
#[cfg(feature = "otel")]
use super::levels::OwnLevels;
use super::outputs::Destination;
use super::settings::LogSettings;
use super::{log_crate, scope};
#[cfg(feature = "otel")]
use crate::traces;

/// The worker's log, unless the program had a subscriber before.
static OWN: OnceLock<(Dispatch, Levels)> = OnceLock::new();

/// Starts the log for this thread, and for the worker's threads that start later. If the program already has a
/// subscriber, that subscriber stays in place.
pub(crate) fn begin(settings: &LogSettings) {
    settings.remember();
    if OWN.get().is_some() || !Dispatch::default().is::<NoSubscriber>() {
        return;
    }
    let layer = LogLayer::new(settings, Destination::of(settings));
    let levels = layer.levels();
    let log = with_traces(layer, levels);
    scope::begin(&log);
    let _ = OWN.set((log, levels));
}

#[cfg(not(feature = "otel"))]
fn with_traces(layer: LogLayer<Destination>, _: Levels) -> Dispatch {
    Dispatch::new(tracing_subscriber::registry().with(layer))
}

/// Creates the subscriber. If traces are exported, it also adds the spans of the user's code to them.
#[cfg(feature = "otel")]
fn with_traces(layer: LogLayer<Destination>, levels: Levels) -> Dispatch {
    let subscriber = tracing_subscriber::registry();
    if traces::tracer().is_none() {
        return Dispatch::new(subscriber.with(layer));
    }
    let layer = layer.with_filter(OwnLevels(levels));
    Dispatch::new(subscriber.with(layer).with(traces::layer()))
}

/// Makes the log the global subscriber, unless the program has installed one. Called when `main` has returned.
pub(crate) fn settle() {
    scope::end();
    let Some((log, levels)) = OWN.get() else {
        return;
    };
    // A program with its own subscriber also decides what happens to the events of `log`.
    if tracing::dispatcher::set_global_default(log.clone()).is_ok() {
        log_crate::install(*levels);
    }
}
