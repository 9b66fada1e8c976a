//! The reasons why a spool cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// The reason why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// The operating system refused an operation.
    #[error("{} cannot be {action}: {cause}", path.display())]
    Refused {
        action: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    /// Other users could have written the files in the directory.
    #[error("{} is not a safe place for results: {problem}; {remedy} (RUNPOD_RESULT_SPOOL)", path.display())]
    NotSafe {
        path: PathBuf,
        problem: String,
        remedy: String,
    },
    /// A single result is larger than the limit of the whole spool.
    #[error("a result of {bytes} bytes is larger than the limit of the spool ({limit} bytes)")]
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
