//! Statistics of the latencies of a run.

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    /// In milliseconds.
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Latency {
    pub(crate) fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            let last = latencies.len() - 1;
            millis(latencies[(last as f64 * share).round() as usize])
        };
        let total: Duration = latencies.iter().sum();
        Self {
            mean: millis(total) / latencies.len() as f64,
            p50: at(0.5),
            p99: at(0.99),
        }
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
