//! The reasons why a download fails.

use std::io;
use std::time::Duration;

use super::guard::{Blocked, LookUpError};
use crate::error::causes;

/// A download that failed, and why.
///
/// The message names the URL without its query, because a signed URL carries its signature there. If a handler returns
/// this error, its job fails with that message.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{DownloadErrorKind, testing};
///
/// #[runpod::handler]
/// async fn fetch(url: String, ctx: JobContext) -> Result<u64, runpod::DownloadError> {
///     match ctx.download(&url).await {
///         Ok(file) => Ok(file.len()),
///         Err(error) if error.kind() == DownloadErrorKind::Status(404) => Ok(0),
///         Err(error) => Err(error),
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("http://169.254.169.254/latest?key=secret")).run(fetch).await;
/// let error = report.error.unwrap();
/// assert!(error.contains("http://169.254.169.254/latest"));
/// assert!(error.contains("not a public address"));
/// assert!(!error.contains("secret"));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{source_name} could not be downloaded: {cause}")]
pub struct DownloadError {
    source_name: String,
    #[source]
    cause: Cause,
}

/// The category of a [`DownloadError`].
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{DownloadErrorKind, testing};
///
/// #[runpod::handler]
/// async fn is_reachable(url: String, ctx: JobContext) -> bool {
///     let downloaded = ctx.download(&url).await;
///     !matches!(downloaded, Err(error) if error.kind() == DownloadErrorKind::Blocked)
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("file:///etc/passwd")).run(is_reachable).await;
/// assert_eq!(report.output, Some(json!(false)));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DownloadErrorKind {
    /// The URL is malformed, or downloads from it are not allowed: its scheme, credentials in it, an address that is
    /// not public, a proxy, or too many redirects.
    Blocked,
    /// The server answered with this status.
    Status(u16),
    /// The server could not be reached, or the connection broke, even after retries.
    Network,
    /// The file is larger than the limit.
    TooLarge,
    /// The file does not have the expected size or checksum.
    Mismatch,
    /// The content is encoded in a way that cannot be decoded.
    Encoding,
    /// The archive is broken, or contains something that is not allowed (feature `unpack`).
    Archive,
    /// The file could not be written.
    Disk,
    /// The job was cancelled, or had ended.
    Cancelled,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error(transparent)]
    Blocked(#[from] Blocked),
    #[error("it was redirected more than {0} times")]
    Redirects(usize),
    #[error("the server answered with {status}{}", reason.as_deref().map(|it| format!(": {it}")).unwrap_or_default())]
    Status {
        status: reqwest::StatusCode,
        /// The beginning of the answer's text.
        reason: Option<String>,
        /// How long the server wants the client to wait.
        after: Option<Duration>,
    },
    #[error("{0}")]
    Network(String),
    #[error(
        "it is larger than {limit} bytes; set RUNPOD_MAX_DOWNLOAD_BYTES, or the download's own limit, to allow larger \
         files"
    )]
    TooLarge { limit: u64 },
    #[error("expected {expected}, found {found}")]
    Mismatch { expected: String, found: String },
    #[error("{0}")]
    Encoding(String),
    #[cfg(feature = "unpack")]
    #[error("{0}")]
    Archive(String),
    #[error("the file could not be written to {place}: {error}")]
    Disk { place: String, error: io::Error },
    #[error("the job was cancelled")]
    Cancelled,
    #[error("the job has ended, and its directory was removed")]
    Ended,
    #[error("the system refused a thread")]
    Thread,
}

impl DownloadError {
    pub(super) fn new(source_name: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self {
            source_name: source_name.into(),
            cause: cause.into(),
        }
    }

    /// Returns the category of the error.
    pub fn kind(&self) -> DownloadErrorKind {
        match &self.cause {
            Cause::Blocked(_) | Cause::Redirects(_) => DownloadErrorKind::Blocked,
            Cause::Status { status, .. } => DownloadErrorKind::Status(status.as_u16()),
            Cause::Network(_) => DownloadErrorKind::Network,
            Cause::TooLarge { .. } => DownloadErrorKind::TooLarge,
            Cause::Mismatch { .. } => DownloadErrorKind::Mismatch,
            Cause::Encoding(_) => DownloadErrorKind::Encoding,
            #[cfg(feature = "unpack")]
            Cause::Archive(_) => DownloadErrorKind::Archive,
            Cause::Disk { .. } | Cause::Thread => DownloadErrorKind::Disk,
            Cause::Cancelled | Cause::Ended => DownloadErrorKind::Cancelled,
        }
    }
}

impl Cause {
    /// Turns an error of the client into a cause. The client wraps the guard's errors.
    pub(super) fn of_client(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let blocked = causes(&error).find_map(|cause| match cause.downcast_ref() {
            Some(LookUpError::Blocked(blocked)) => Some(blocked.clone()),
            _ => None,
        });
        match blocked {
            Some(blocked) => Self::Blocked(blocked),
            None if error.is_timeout() => {
                Self::Network("the server did not answer in time".to_owned())
            }
            None => Self::Network(crate::error::with_causes(&error)),
        }
    }

    /// Returns whether another attempt may succeed.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Status { status, .. } => {
                status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
            }
            _ => false,
        }
    }

    /// Returns how long the server wants the client to wait before the next attempt.
    pub(super) fn after(&self) -> Option<Duration> {
        match self {
            Self::Status { after, .. } => *after,
            _ => None,
        }
    }
}
