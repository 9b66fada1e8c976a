//! The reasons why an upload fails.

use std::io;
use std::time::Duration;

use reqwest::StatusCode;

use crate::download::guard::Blocked;
use crate::error::BoxError;

/// An upload that failed, and why.
///
/// The message names the file, the bucket, its endpoint, and what to do. It contains no key and no signature. If a
/// handler returns this error, its job fails with that message.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{UploadErrorKind, testing};
///
/// #[runpod::handler]
/// async fn store(name: String, ctx: JobContext) -> Result<String, runpod::UploadError> {
///     match ctx.upload(&name, vec![1, 2, 3]).await {
///         Ok(stored) => Ok(stored.into_url()),
///         Err(error) if error.kind() == UploadErrorKind::Name => Ok("no such name".to_owned()),
///         Err(error) => Err(error),
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("../../etc/passwd")).run(store).await;
/// assert_eq!(report.output, Some(json!("no such name")));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("`{name}` could not be uploaded: {cause}")]
pub struct UploadError {
    name: String,
    #[source]
    cause: Cause,
}

/// The category of an [`UploadError`].
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{Bucket, UploadErrorKind};
///
/// #[runpod::handler]
/// async fn store(text: String, ctx: JobContext) -> bool {
///     let nowhere = Bucket::new("not a URL", "id", "secret");
///     let stored = ctx.upload("text.txt", text.into_bytes()).to(nowhere).await;
///     !matches!(stored, Err(error) if error.kind() == UploadErrorKind::Configuration)
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = runpod::testing::Job::new(json!("hello")).run(store).await;
/// assert_eq!(report.output, Some(json!(false)));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UploadErrorKind {
    /// The name of the file is not allowed, for example because it contains `..`.
    Name,
    /// A setting of the bucket or of the upload is missing or malformed.
    Configuration,
    /// The endpoint in the job's `s3Config` is not a public address.
    Blocked,
    /// The bucket does not exist, or is in another region.
    Bucket,
    /// The server does not accept the keys, or the keys do not allow the upload.
    Denied,
    /// The clocks of this machine and of the server differ too much for a signature to be valid.
    Clock,
    /// The server answered with this status, even after retries.
    Status(u16),
    /// The server could not be reached, or the connection broke, even after retries.
    Network,
    /// The content is larger than an upload can be.
    TooLarge,
    /// The content could not be read, or does not have the expected size.
    Content,
    /// The file could not be written to the local folder.
    Disk,
    /// The job was cancelled.
    Cancelled,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("{0}")]
    Name(String),
    #[error("{0}")]
    Configuration(String),
    #[error("its bucket is at {endpoint}, and {blocked}")]
    Blocked { endpoint: String, blocked: Blocked },
    #[error("{message}")]
    Refused {
        kind: UploadErrorKind,
        message: String,
        refusal: Box<Refusal>,
    },
    #[error("{0}")]
    Network(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("its content could not be read: {0}")]
    Read(#[source] BoxError),
    #[error("expected {expected} bytes, found {found}")]
    Size { expected: u64, found: u64 },
    #[error("the file {place} could not be read: {error}")]
    File { place: String, error: io::Error },
    #[error(
        "no bucket is set, so it goes to the folder {place}, which could not be written: {error}; set \
         BUCKET_ENDPOINT_URL, BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY, or make the folder writable"
    )]
    Disk { place: String, error: io::Error },
    #[error("the job was cancelled")]
    Cancelled,
    #[error("the system refused a thread")]
    Thread,
}

/// An answer with which a server refuses a request.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The error code in the answer, such as `NoSuchBucket`, or an empty text.
    pub(super) code: String,
    /// The explanation in the answer.
    pub(super) text: String,
    /// How long the server wants the client to wait.
    pub(super) after: Option<Duration>,
    /// The seconds by which the server's clock is ahead of this machine's.
    pub(super) clock_ahead: Option<i64>,
}

impl UploadError {
    pub(super) fn new(name: &str, cause: Cause) -> Self {
        Self {
            name: crate::text::visible(&crate::text::start_of(name, LONGEST_SHOWN)),
            cause,
        }
    }

    /// Returns the category of the error.
    pub fn kind(&self) -> UploadErrorKind {
        match &self.cause {
            Cause::Name(_) => UploadErrorKind::Name,
            Cause::Configuration(_) => UploadErrorKind::Configuration,
            Cause::Blocked { .. } => UploadErrorKind::Blocked,
            Cause::Refused { kind, .. } => *kind,
            Cause::Network(_) => UploadErrorKind::Network,
            Cause::TooLarge(_) => UploadErrorKind::TooLarge,
            Cause::Read(_) | Cause::Size { .. } | Cause::File { .. } => UploadErrorKind::Content,
            Cause::Disk { .. } | Cause::Thread => UploadErrorKind::Disk,
            Cause::Cancelled => UploadErrorKind::Cancelled,
        }
    }
}

/// A message shows at most this many bytes of a name.
const LONGEST_SHOWN: usize = 300;

impl Cause {
    /// Returns whether another attempt may succeed.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Refused { refusal, .. } => {
                refusal.status.is_server_error()
                    || matches!(refusal.status.as_u16(), 408 | 425 | 429)
                    || matches!(&*refusal.code, "RequestTimeout" | "SlowDown")
            }
            _ => false,
        }
    }

    /// Returns how long the server wants the client to wait before the next attempt.
    pub(super) fn after(&self) -> Option<Duration> {
        match self {
            Self::Refused { refusal, .. } => refusal.after,
            _ => None,
        }
    }

    /// Returns whether the server refused the request with this error code.
    pub(super) fn has_code(&self, code: &str) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.code == code)
    }
}
