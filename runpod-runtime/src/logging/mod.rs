//! The worker's log, for programs that set up logging themselves.
//!
//! Without this module, the worker writes its log to standard output (*Logs* in `docs/reference/running.md`). Use it to
//! send the same events elsewhere as well: [`layer`] is the worker's log as a [`Layer`](tracing_subscriber::Layer) for
//! your own subscriber. `docs/how-to/export-metrics-and-traces.md` shows how to combine it with other layers.
//!
//! ```
//! use tracing_subscriber::prelude::*;
//!
//! let subscriber = tracing_subscriber::registry().with(runpod::logging::layer());
//! tracing::subscriber::with_default(subscriber, || tracing::info!("a line of the worker's log"));
//! ```

// The log: one line per event on stdout, as JSON on the platform and as readable text in a terminal (the SDK's two
// formats).
//
// Events come from `tracing`: those of the worker itself, and those of handlers and their libraries. An event inside
// the `job_span` of a job gets the job's id. Events of the crate `log` arrive through `log_crate`. This module
// removes secrets from every line, whoever wrote it. Other modules decide what to log.
//
// A worker on the platform or with a local endpoint must not wait for the reader of its log. So a separate thread
// writes the lines (`writer`) and drops lines that nobody reads. A local test run writes its few lines directly
// where they are logged, so that they are complete and in order with the program's own output. A worker that `cargo
// runpod dev` has started writes JSON to that command (`crate::process::dev_link`), which formats it for people.

#[cfg(test)]
mod capture;
mod format;
mod install;
mod job_span;
mod layer;
mod levels;
mod log_crate;
mod outputs;
mod public;
mod recent;
mod scope;
mod settings;
mod writer;

#[cfg(test)]
pub(crate) use self::capture::{captured, captured_here};
pub(crate) use self::format::shortened_part;
pub(crate) use self::install::{begin, settle};
pub(crate) use self::job_span::job_span;
#[cfg(feature = "local")]
pub(crate) use self::layer::also_to;
#[cfg(feature = "otel")]
pub(crate) use self::levels::TraceLevels;
pub use self::outputs::flush;
pub(crate) use self::outputs::{error, flushed};
pub use self::public::{init, layer};
pub(crate) use self::recent::{forget_recent, keep_recent, recent};
pub(crate) use self::scope::{enter_thread, leave_thread};
pub(crate) use self::settings::LogSettings;
pub(crate) use self::writer::{never_wait_on_this_thread, never_waiting, never_waits};
