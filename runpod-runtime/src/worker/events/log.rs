//! The log lines of a worker's events.

use tracing::Level;

use super::event::WorkerEvent;
use super::line::{Line, Readers};

/// Writes the event's line, if the log has one.
pub(super) fn write(event: &WorkerEvent<'_>) {
    let Some(Line { level, job_id, .. }) =
        Line::of(event).filter(|line| line.readers != Readers::Endpoint)
    else {
        return;
    };
    match level {
        Level::ERROR => tracing::error!(job_id, "{event}"),
        Level::WARN => tracing::warn!(job_id, "{event}"),
        Level::INFO => tracing::info!(job_id, "{event}"),
        _ => tracing::debug!(job_id, "{event}"),
    }
    if let WorkerEvent::JobFinished { body, .. } | WorkerEvent::ResultReplaced { body, .. } = event
        && let (Some(text), Some(_)) = (&body.error, &body.without_data)
    {
        tracing::debug!(job_id, "{text}");
    }
}
