//! The log: one line per event on stdout, as JSON on the platform and readable in a terminal (the SDK's two formats).
//!
//! Events come from `tracing`, the worker's own and those of handlers and their libraries; each is given the id of the job
//! in whose [`job_span`] it happened. Events of the crate `log` come through [`log_crate`]. The keys are taken out of every line
//! here, whoever wrote it. What is worth logging is decided elsewhere.
//!
//! A worker on the platform, and one with an endpoint of its own, must not wait for whoever reads its log: a thread of the
//! log's own writes ([`writer`]), and drops lines that nobody reads. A local test run writes its few lines where they are
//! logged, so that they are complete and in order with what the program prints itself.

#[cfg(test)]
mod capture;
mod format;
mod layer;
mod log_crate;
mod outputs;
mod settings;
mod writer;

use tracing_subscriber::layer::SubscriberExt as _;

use self::layer::LogLayer;
use self::outputs::Destination;

#[cfg(test)]
pub(crate) use self::capture::{captured, captured_here};
pub(crate) use self::format::shortened_part;
#[cfg(feature = "local")]
pub(crate) use self::layer::also_to;
pub(crate) use self::layer::job_span;
pub(crate) use self::outputs::{error, flush, flushed};
pub(crate) use self::settings::LogSettings;
pub(crate) use self::writer::{never_wait_on_this_thread, never_waiting, never_waits};

/// Starts the log. A subscriber or a logger that the program has installed itself stays.
pub(crate) fn init(settings: &LogSettings) {
    let layer = LogLayer::new(settings, Destination::of(settings));
    let levels = layer.levels();
    let installed =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).is_ok();
    // Who has a subscriber of one's own decides on the events of `log`, too.
    if installed {
        log_crate::install(levels);
    }
}
