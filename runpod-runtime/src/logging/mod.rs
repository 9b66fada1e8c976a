//! The log: one line per event on stdout, as JSON on the platform and as readable text in a terminal (the SDK's two
//! formats).
//!
//! Events come from `tracing`: those of the worker itself, and those of handlers and their libraries. An event inside
//! the [`job_span`] of a job gets the job's id. Events of the crate `log` arrive through [`log_crate`]. This module
//! removes secrets from every line, whoever wrote it. Other modules decide what to log.
//!
//! A worker on the platform or with a local endpoint must not wait for the reader of its log. So a separate thread
//! writes the lines ([`writer`]) and drops lines that nobody reads. A local test run writes its few lines directly
//! where they are logged, so that they are complete and in order with the program's own output. A worker that `cargo
//! runpod dev` has started writes JSON to that command ([`crate::process::dev_link`]), which formats it for people.

#[cfg(test)]
mod capture;
mod format;
mod layer;
mod log_crate;
mod outputs;
mod recent;
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
pub(crate) use self::recent::{forget_recent, keep_recent, recent};
pub(crate) use self::settings::LogSettings;
pub(crate) use self::writer::{never_wait_on_this_thread, never_waiting, never_waits};

/// Starts the log. A subscriber or a logger that the program has installed itself stays in place.
pub(crate) fn init(settings: &LogSettings) {
    let layer = LogLayer::new(settings, Destination::of(settings));
    let levels = layer.levels();
    let installed =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).is_ok();
    // A program with its own subscriber also decides what happens to the events of `log`.
    if installed {
        log_crate::install(levels);
    }
}
