//! The functions for programs that set up logging themselves.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::layer::LogLayer;
use super::outputs::Destination;
use super::settings::LogSettings;
use super::{begin, settle};

/// Returns the worker's log as a layer for your own subscriber.
///
/// The layer writes the same lines as a worker without a subscriber of its own: in the same format, at the level of
/// `RUNPOD_LOG_LEVEL` or `--rp_log_level`, with the id of the job, and without keys. Its level does not affect the
/// other layers.
///
/// Install the subscriber in `main`, or before [`Worker::builder`](crate::Worker::builder) runs. From then on, all
/// events of the worker go to it. Each job runs in a span named `job` with the field `job_id`.
///
/// ```
/// use runpod::prelude::*;
/// use tracing_subscriber::prelude::*;
///
/// struct Model;
///
/// # /*
/// #[runpod::main]
/// # */
/// fn main() -> Model {
///     tracing_subscriber::registry()
///         .with(runpod::logging::layer())
///         // .with(sentry::integrations::tracing::layer()), or any other layer
///         .init();
///     Model
/// }
/// # main();
/// ```
pub fn layer<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let settings = LogSettings::of_process();
    let layer = LogLayer::new(&settings, Destination::of(&settings));
    let levels = layer.levels();
    layer.with_filter(levels)
}

/// Makes the worker's log the global subscriber now, and lets it show the events of the crate `log`.
///
/// Without this call, both happen when `main` has returned, so that `main` can install another subscriber. Until then,
/// the log shows the `tracing` events of `main` itself and of the tasks that it spawns. Call this function at the start
/// of `main` to also see the events of `log`, and those of other threads, while `main` runs. If the program has
/// installed a subscriber already, nothing changes.
///
/// ```
/// struct Model;
///
/// # /*
/// #[runpod::main]
/// # */
/// fn main() -> Model {
///     runpod::logging::init();
///     log::info!("loading the model"); // a line of the worker's log
///     Model
/// }
/// # main();
/// ```
pub fn init() {
    begin(&LogSettings::of_process());
    settle();
}
