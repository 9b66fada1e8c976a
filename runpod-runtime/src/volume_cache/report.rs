//! What an operation of the cache did.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The number of failures that a report describes.
const DESCRIBED: usize = 20;

/// What [`hydrate`](crate::VolumeCache::hydrate), [`sync`](crate::VolumeCache::sync) or
/// [`prune`](crate::VolumeCache::prune) did.
///
/// ```
/// # async fn example(cache: runpod::VolumeCache) -> Result<(), runpod::VolumeCacheError> {
/// let report = cache.hydrate().await?;
/// println!("{} files, {} bytes", report.copied, report.bytes);
/// for failure in &report.failures {
///     eprintln!("{failure}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VolumeCacheReport {
    /// The number of files that were copied.
    pub copied: u64,
    /// The number of bytes that were copied.
    pub bytes: u64,
    /// The number of files that were up to date already.
    pub unchanged: u64,
    /// The number of files that were removed from the volume.
    pub removed: u64,
    /// The number of failures.
    pub failed: u64,
    /// Descriptions of the first 20 failures.
    pub failures: Vec<String>,
}

/// Collects a report from several threads.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    report: Mutex<VolumeCacheReport>,
    stopped: AtomicBool,
}

impl Recorder {
    fn change(&self, change: impl FnOnce(&mut VolumeCacheReport)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn copied(&self, bytes: u64) {
        self.change(|report| {
            report.copied += 1;
            report.bytes += bytes;
        });
    }

    pub(super) fn unchanged(&self) {
        self.change(|report| report.unchanged += 1);
    }

    pub(super) fn removed(&self) {
        self.change(|report| report.removed += 1);
    }

    pub(super) fn failed(&self, path: &Path, reason: impl fmt::Display) {
        self.change(|report| {
            report.failed += 1;
            if report.failures.len() < DESCRIBED {
                report
                    .failures
                    .push(format!("{}: {reason}", path.display()));
            }
        });
    }

    /// Records an error of the file system. If it would stop every other file too, no further file is tried.
    pub(super) fn failed_on(&self, path: &Path, error: &std::io::Error) {
        if matches!(
            error.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
        ) {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.failed(path, error);
    }

    /// Returns whether no further file can be written.
    pub(super) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn finish(self) -> VolumeCacheReport {
        self.report
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
