//! Everything that happens in a worker, as one list of events. The loop emits each event in one place, and the log, the
//! local endpoint, the metrics and the traces get the same events, so they cannot disagree.

#[cfg(feature = "local")]
pub(crate) mod endpoint;
mod event;
mod line;
mod log;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
#[cfg(feature = "otel")]
pub(super) mod traces;

pub(crate) use event::{JobRun, WorkerEvent};

impl WorkerEvent<'_> {
    /// Tells the log, the local endpoint, the metrics and the traces about the event.
    pub(crate) fn emit(&self) {
        log::write(self);
        #[cfg(feature = "local")]
        endpoint::report(self);
        #[cfg(feature = "metrics")]
        metrics::record(self);
        #[cfg(feature = "otel")]
        traces::record(self);
    }
}
