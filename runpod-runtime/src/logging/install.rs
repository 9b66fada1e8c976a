//! Decides which subscriber gets the worker's lines: the worker's own log, or a subscriber that the program installs.
//!
//! A process can install one global subscriber, and nothing can replace it. So the worker must not install its log
//! before `main` has returned: `tracing_subscriber::fmt().init()` in `main` would panic. But the lines of `main` must
//! not be lost either. Therefore, while `main` runs, the log is the default of each thread that the worker has started,
//! and of the main thread ([`begin`]). When `main` has returned, the log becomes the global subscriber unless the
//! program has installed one ([`settle`]).
//!
//! If `main` installs a subscriber, the log must give way immediately, because a thread's own default takes precedence
//! over the global one. When any subscriber is created, `tracing` asks all existing subscribers for their maximum level.
//! The log gets this question too and then gives way ([`another_subscriber`]).

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Dispatch;
use tracing::dispatcher::DefaultGuard;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::layer::SubscriberExt as _;

use super::layer::{Levels, LogLayer};
use super::log_crate;
use super::outputs::Destination;
use super::settings::LogSettings;

/// The worker's own subscriber, which exists unless the program has installed one before.
static OWN: OnceLock<(Dispatch, Levels)> = OnceLock::new();

/// Whether the log is the default of the worker's threads only, and not the global subscriber.
static SCOPED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Keeps the log as the default of this thread.
    static HERE: Cell<Option<DefaultGuard>> = const { Cell::new(None) };
}

/// Starts the log for this thread, and for the worker's threads that start later. If the program already has a global
/// subscriber, that subscriber stays in place.
pub(crate) fn begin(settings: &LogSettings) {
    settings.remember();
    if OWN.get().is_some() || !Dispatch::default().is::<NoSubscriber>() {
        return;
    }
    let layer = LogLayer::new(settings, Destination::of(settings));
    let levels = layer.levels();
    let own = Dispatch::new(tracing_subscriber::registry().with(layer));
    if OWN.set((own, levels)).is_ok() {
        SCOPED.store(true, Ordering::Release);
        enter_thread();
    }
}

/// Makes the log the global subscriber, unless the program has installed one. Called when `main` has returned.
pub(crate) fn settle() {
    SCOPED.store(false, Ordering::Release);
    leave_thread();
    let Some((own, levels)) = OWN.get() else {
        return;
    };
    // A program with its own subscriber also decides what happens to the events of `log`.
    if tracing::dispatcher::set_global_default(own.clone()).is_ok() {
        log_crate::install(*levels);
    }
}

/// Makes the log the default of this thread while `main` runs. Called when a thread of the worker starts.
pub(crate) fn enter_thread() {
    if SCOPED.load(Ordering::Acquire)
        && let Some((own, _)) = OWN.get()
    {
        HERE.set(Some(tracing::dispatcher::set_default(own)));
    }
}

/// Leaves this thread to the global subscriber, once there is one. Called when a thread of the worker gets something
/// to do.
pub(crate) fn leave_thread() {
    if !SCOPED.load(Ordering::Acquire) {
        let _ = HERE.try_with(Cell::take);
    }
}

/// The program has created a subscriber and is about to install it.
pub(super) fn another_subscriber() {
    if SCOPED.swap(false, Ordering::AcqRel) {
        leave_thread();
    }
}
