//! The one error type that users see.

use std::error::Error as StdError;
use std::fmt;

use crate::config::Secrets;
use crate::text::visible;

/// Any error that can be boxed and sent between threads.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The causes of an error, the nearest one first.
pub(crate) fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    // `    // A reference to an error is an error too, and would lend out its own causes only.dyn Error` is an error too; the causes that it lends live no longer than that reference.
    std::iter::successors(error.source(), |cause| (**cause).source())
}

/// An error's text with its causes, on one line.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Why a worker could not start, or ended badly.
///
/// [`WorkerBuilder::run`](crate::WorkerBuilder::run) gives it; a worker with `#[runpod::main]` prints it and exits with
/// code 1. The text says what was wrong, where, and what to do; [`kind`](Error::kind) is for programs that want to tell the
/// causes apart. `{:?}` shows the same text with its causes, for `fn main() -> Result<(), runpod::Error>`. The platform's
/// key is in neither.
///
/// A job that fails is *not* an error of the worker: it becomes a failed result and the worker goes on.
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

/// What an [`Error`] is about.
///
/// ```
/// use runpod::{Error, ErrorKind};
///
/// /// Whether it is worth starting this worker again, as it is.
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
    /// An environment variable, a flag or an option has a value that cannot be used, or a flag needs a feature of this
    /// crate that is off.
    Config,
    /// No handler, several without a way to choose, or a handler whose `State<T>` nobody makes.
    Handlers,
    /// The body of `main`, which makes the state, failed.
    Setup,
    /// A local test job failed, its output differs from the expected one, or there is no job: this is not Runpod, and
    /// neither `--test_input` nor a `test_input.json` gives one.
    LocalTest,
    /// The worker is broken: a handler said so, or `max_consecutive_failures` jobs in a row have failed.
    Unhealthy,
    /// The system refused something that the worker needs: a thread, a runtime, TLS, the local endpoint's port.
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

    /// The same error as it may be printed: a handler's words may be in it, and so a key, or what a terminal obeys.
    pub(crate) fn printable(mut self, secrets: &Secrets) -> Self {
        self.message = visible(&secrets.redact(&self.message));
        self
    }

    /// What the error is about.
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
    /// Shows the message as it is: `fn main() -> Result<(), Error>` prints errors with `Debug`, and users read it.
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
