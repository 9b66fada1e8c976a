//! The span in which a job's handler runs.

use tracing::Span;

/// The target that distinguishes the spans of [`job_span`] from a user's own spans named `job`.
pub(super) const JOB_TARGET: &str = module_path!();

/// Creates the span of a job. Every event inside it carries the job's id.
///
/// It has the level `ERROR`, because a span below the chosen level does not exist, and its errors would lose their job.
pub(crate) fn job_span(id: &str, batch_id: Option<&str>) -> Span {
    tracing::error_span!("job", job_id = id, batch_id)
}
