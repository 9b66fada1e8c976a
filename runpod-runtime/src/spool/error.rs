//! Why a spool cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// The operating system refused something.
    #[error("{} cannot be {action}: {cause}", path.display())]
    Refused {
        action: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    /// What is in the directory could be another user's.
    #[error("{} is not safe as a place for results: {problem}; {remedy} (RUNPOD_RESULT_SPOOL)", path.display())]
    NotSafe {
        path: PathBuf,
        problem: String,
        remedy: String,
    },
    /// One result is larger than the whole spool may be.
    #[error("a result of {bytes} bytes is larger than the spool may be ({limit} bytes)")]
    TooLarge { bytes: u64, limit: u64 },
}

pub(super) fn refused(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> SpoolError + use<> {
    let path = path.to_owned();
    move |cause| SpoolError::Refused {
        action,
        path,
        cause,
    }
}
