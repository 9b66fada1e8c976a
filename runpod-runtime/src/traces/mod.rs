//! The traces of jobs, which the worker exports over OTLP (feature `otel`).
//!
//! The worker exports traces if `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set. Without
//! a subscriber of your own, no code is needed. If your program installs a `tracing` subscriber, add [`layer`] to it.
//! `docs/how-to/export-metrics-and-traces.md` describes the traces and the variables.
//!
//! ```
//! use tracing_subscriber::prelude::*;
//!
//! let subscriber = tracing_subscriber::registry()
//!     .with(runpod::logging::layer())
//!     .with(runpod::traces::layer());
//! tracing::subscriber::with_default(subscriber, || {
//!     let _span = tracing::info_span!("load model").entered();
//! });
//! runpod::traces::flush();
//! ```

// This module sets up the export. The spans of jobs are made in `worker/events/traces.rs`, from the worker's events, and
// the spans of user code by the layer. A span goes into the bounded queue of OpenTelemetry's batch processor, whose
// thread sends it (`client`). So no thread of the worker ever waits for a collector.

mod caller;
mod client;
mod exporter;
mod outage;
mod provider;
mod public;
mod variables;

pub(crate) use self::caller::parent_of;
pub(crate) use self::provider::{begin, flushed, is_cold_start, tracer};
pub use self::public::{flush, layer};
