//! The functions for programs that set up `tracing` themselves.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::provider;
use crate::logging::TraceLevels;

/// Returns a layer that adds the spans of your code to the trace of their job.
///
/// A worker without a subscriber of its own has this layer already. If your program installs a subscriber, add the layer
/// to it: otherwise a trace contains only the spans of the worker itself. If no traces are exported, the layer does
/// nothing.
///
/// The layer takes all spans at the level of `RUNPOD_LOG_LEVEL` or `--rp_log_level`. A log line inside a span becomes an
/// event of this span. Spans of libraries below the worker, such as `hyper`, are left out.
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
///         .with(runpod::traces::layer())
///         .init();
///     Model
/// }
/// # main();
/// ```
pub fn layer<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    provider::tracer_of_process().map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer.clone())
            .with_threads(false)
            .with_tracked_inactivity(false)
            // The outcome of a job decides about the status of its spans, not what its handler logs.
            .with_error_events_to_status(false)
            .with_filter(TraceLevels::of_process())
    })
}

/// Waits until all spans so far have been exported, at most two seconds. Call it before `std::process::exit`.
///
/// ```
/// runpod::traces::flush();
/// ```
pub fn flush() {
    provider::flush();
}
