//! The operations of a volume cache, and how their outcome is reported.

use super::error::{Trouble, VolumeCacheError};
use super::report::VolumeCacheReport;

/// An operation of a cache.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Hydrate,
    Sync,
    Prune,
}

impl Operation {
    /// Logs the outcome, and makes failures errors if the cache is strict.
    pub(super) fn end(
        self,
        is_strict: bool,
        done: Result<VolumeCacheReport, Trouble>,
    ) -> Result<VolumeCacheReport, VolumeCacheError> {
        let did = match self {
            Operation::Hydrate => "hydrate",
            Operation::Sync => "sync",
            Operation::Prune => "prune",
        };
        let report = match done {
            Ok(report) => report,
            Err(trouble) if is_strict => return Err(trouble.into()),
            Err(trouble) => {
                tracing::warn!("volume cache: {did} failed: {trouble}");
                return Ok(VolumeCacheReport {
                    failed: 1,
                    failures: vec![trouble.to_string()],
                    ..VolumeCacheReport::default()
                });
            }
        };
        if report.failed == 0 {
            tracing::info!(
                "volume cache: {did}: {} files copied ({} bytes), {} unchanged, {} removed",
                report.copied,
                report.bytes,
                report.unchanged,
                report.removed
            );
            return Ok(report);
        }
        let incomplete = Trouble::Incomplete {
            failed: report.failed,
            reasons: report.failures.clone(),
        };
        if is_strict {
            return Err(incomplete.into());
        }
        tracing::warn!("volume cache: {did}: {incomplete}");
        Ok(report)
    }
}
