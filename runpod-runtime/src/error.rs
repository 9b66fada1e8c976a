//! The error type of the public API.

use std::error::Error as StdError;
use std::fmt;

use crate::config::Secrets;
use crate::text::visible;

/// Any error that can be boxed and sent between threads.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Returns the causes of an error, starting with the direct one.
pub(crate) fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    // `**cause` calls `source` on the error itself. A reference to an error is an error too, but the causes that it
    // returns live only as long as that reference.
    std::iter::successors(error.source(), |cause| (**cause).source())
}

/// Formats an error and its causes on one line.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The reason why a worker could not start or stopped with a failure.
///
/// [`WorkerBuilder::run`](crate::WorkerBuilder::run) returns this error. A worker with `#[runpod::main]` prints it
/// and exits with code 1. The message says what was wrong, where, and what to do. Programs can distinguish the causes
/// by [`kind`](Error::kind). `{:?}` shows the same message followed by its causes, so `fn main() -> Result<(),
/// runpod::Error>` prints a readable message. Neither format contains the platform's key.
///
/// A failed job is *not* an error of the worker: its result is a failure, and the worker continues.
///
/// ```
/// use runpod::{ErrorKind, Worker};
///
/// # #[tokio::main]
/// # async fn main() {
/// let error = Worker::builder().run().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Handlers);
/// assert!(error.to_string().starts_with("this worker has no handler"));
/// # }
/// ```
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<BoxError>,
}

/// The category of an [`Error`].
///
/// ```
/// use runpod::{Error, ErrorKind};
///
/// /// Returns whether it makes sense to restart this worker unchanged.
/// fn may_pass(error: &Error) -> bool {
///     matches!(error.kind(), ErrorKind::System | ErrorKind::Unhealthy)
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let error = runpod::Worker::builder().run().await.unwrap_err();
/// assert!(!may_pass(&error));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An environment variable, a flag or an option has an invalid value, or a flag needs a feature of this crate
    /// that is disabled.
    Config,
    /// The worker has no handler, has several handlers and no rule to choose one, or has a handler, a fitness check or
    /// a shutdown hook whose `State<T>` does not match the worker's state.
    Handlers,
    /// The body of `main`, which creates the state, failed.
    Setup,
    /// A local test job failed, its output differs from the expected one, or no job was given: the worker does not
    /// run on Runpod, and neither `--test_input` nor a `test_input.json` exists.
    LocalTest,
    /// The worker is broken: a fitness check failed, a handler marked it as unhealthy, or `max_consecutive_failures`
    /// jobs failed in a row.
    Unhealthy,
    /// The worker could not get something from the system that it needs: a thread, a runtime, TLS, or the local
    /// endpoint's port.
    System,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the error in a form that is safe to print. The message may contain text from a handler, so keys are
    /// redacted and terminal control characters are escaped.
    pub(crate) fn printable(mut self, secrets: &Secrets) -> Self {
        self.message = visible(&secrets.redact(&self.message));
        self
    }

    /// Returns the category of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    /// Shows the plain message, because `fn main() -> Result<(), Error>` prints errors with `Debug` to the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        causes(self).try_for_each(|cause| write!(f, "\n  caused by: {cause}"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
