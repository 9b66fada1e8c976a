//! Makes the worker's log the default of the worker's own threads while `main` runs.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Dispatch;
use tracing::dispatcher::DefaultGuard;

/// The worker's log.
static LOG: OnceLock<Dispatch> = OnceLock::new();

/// Whether the log is the default of the worker's threads only, and not the global subscriber.
static SCOPED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Keeps the log as the default of this thread.
    static HERE: Cell<Option<DefaultGuard>> = const { Cell::new(None) };
}

/// Makes `log` the default of this thread, and of the worker's threads that start later.
pub(super) fn begin(log: &Dispatch) {
    if LOG.set(log.clone()).is_ok() {
        SCOPED.store(true, Ordering::Release);
        enter_thread();
    }
}

/// Leaves this thread, and soon the worker's other threads, to the global subscriber.
pub(super) fn end() {
    SCOPED.store(false, Ordering::Release);
    leave_thread();
}

/// Makes the log the default of this thread while `main` runs. Called when a thread of the worker starts.
pub(crate) fn enter_thread() {
    if SCOPED.load(Ordering::Acquire)
        && let Some(log) = LOG.get()
    {
        HERE.set(Some(tracing::dispatcher::set_default(log)));
    }
}

/// Leaves this thread to the global subscriber, unless `main` still runs. Called when a thread of the worker gets
/// something to do.
pub(crate) fn leave_thread() {
    if !SCOPED.load(Ordering::Acquire) {
        let _ = HERE.try_with(Cell::take);
    }
}

/// Called when `tracing` asks the log for its maximum level, because the program has created a subscriber, which it is
/// about to install.
pub(super) fn another_subscriber() {
    if SCOPED.swap(false, Ordering::AcqRel) {
        leave_thread();
    }
}
