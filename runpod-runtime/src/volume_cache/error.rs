//! The reasons why a volume cache cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// The reason why a [`VolumeCache`](crate::VolumeCache) could not be used.
///
/// By default, only an invalid setting is an error. With [`strict`](crate::VolumeCache::strict), every failure is.
///
/// ```
/// # #[tokio::main]
/// # async fn main() {
/// let cache = runpod::VolumeCache::new(["/models"]).namespace("../other");
/// let error = cache.hydrate().await.unwrap_err();
/// assert!(error.to_string().contains("../other"));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct VolumeCacheError(#[from] Trouble);

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(
        "the volume cache's namespace is {0:?}; expected one name without `/` and `\\`, and not `.` or `..`"
    )]
    Namespace(String),
    #[error(
        "{} has the version {version}, and this program reads version 1. Update the crate, or choose another namespace; \
         nothing was changed",
        path.display()
    )]
    Newer { path: PathBuf, version: String },
    #[error("{} cannot be used: {reason}. The next sync writes it again", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{} {what}: {error}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error(
        "{} has been locked for {seconds} seconds. Another worker may be stuck in its sync; sync again later",
        path.display()
    )]
    Locked { path: PathBuf, seconds: u64 },
    #[error("{failed} failures. The first of them:\n  {}", reasons.join("\n  "))]
    Incomplete { failed: u64, reasons: Vec<String> },
    #[error("the volume cache could not start a thread: {0}")]
    Thread(io::Error),
    #[error("the volume cache stopped because of a fault in this crate; please report it")]
    Stopped,
}

impl Trouble {
    /// Returns a function that turns an error of the file system into this type.
    pub(super) fn with(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::File { what, path, error }
    }
}
