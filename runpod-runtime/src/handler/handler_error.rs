//! An error with a name that clients can check.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::error::BoxError;

/// A handler's error with a name of your choice. Clients find the name as `error_type` in the report of the failed
/// job.
///
/// All other errors are reported as `Error`, whatever their Rust type is. Return a `HandlerError` if clients must
/// distinguish failures:
///
/// ```
/// use runpod::HandlerError;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// async fn generate(tokens: u32) -> Result<String, HandlerError> {
///     if tokens > 4096 {
///         return Err(HandlerError::new("ContextTooLong", format!("{tokens} tokens, and the model takes 4096")));
///     }
///     Ok("…".to_owned())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(5000)).run(generate).await;
/// assert_eq!(report.error_type.as_deref(), Some("ContextTooLong"));
/// assert_eq!(report.error.as_deref(), Some("5000 tokens, and the model takes 4096"));
/// # }
/// ```
///
/// The name is also used if the `HandlerError` is inside another error: an `anyhow::Error` (with or without a
/// context), a `Box<dyn Error + Send + Sync>`, or your own error type that returns it as its
/// [`source`](StdError::source). If there are several, the outermost one counts.
///
/// ```
/// use runpod::HandlerError;
///
/// fn load(path: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
///     let weights = std::fs::read(path)
///         .map_err(|error| HandlerError::new("ModelMissing", "the weights cannot be read").with_source(error))?;
///     Ok(weights)
/// }
///
/// let error = load("/nowhere").unwrap_err();
/// let named: &HandlerError = error.downcast_ref().unwrap();
/// assert_eq!(named.error_type(), "ModelMissing");
/// ```
///
/// The worker's own failures use the names that `docs/how-to/return-errors.md` lists (`InputError`, `panic`, …).
/// Choose other names, unless you mean the same kind of failure.
///
/// The [`source`](StdError::source) of a `HandlerError` is the chosen name, and the source of the name is the cause.
pub struct HandlerError {
    message: String,
    // The name is not stored in the error itself, because `anyhow::Error` and transparent errors expose only its
    // `source`.
    reported: ReportedAs,
}

impl HandlerError {
    /// Creates an error with a name for programs, such as `OutOfMemory`, and a message for people.
    ///
    /// If the name is empty, the error is reported as `Error`.
    pub fn new(error_type: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            reported: ReportedAs {
                error_type: error_type.into(),
                cause: None,
            },
        }
    }

    /// Adds the cause of the error. The report lists the cause and the cause's own causes.
    #[must_use]
    pub fn with_source(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.reported.cause = Some(cause.into());
        self
    }

    /// Returns the name of the error.
    pub fn error_type(&self) -> &str {
        &self.reported.error_type
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError")
            .field("error_type", &self.reported.error_type)
            .field("message", &self.message)
            .field("cause", &self.reported.cause)
            .finish()
    }
}

impl StdError for HandlerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.reported)
    }
}

/// The name of a [`HandlerError`], as a link in its chain of causes.
#[derive(Debug)]
pub(super) struct ReportedAs {
    error_type: Cow<'static, str>,
    cause: Option<BoxError>,
}

impl ReportedAs {
    pub(super) fn error_type(&self) -> Option<&str> {
        (!self.error_type.is_empty()).then_some(&self.error_type)
    }
}

impl fmt::Display for ReportedAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reported as {:?}", self.error_type)
    }
}

impl StdError for ReportedAs {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::{Failure, IntoFailure};
    use super::*;

    fn out_of_memory() -> HandlerError {
        HandlerError::new("OutOfMemory", "the batch does not fit").with_source("CUDA error 2")
    }

    #[derive(Debug, thiserror::Error)]
    enum Own {
        #[error("inference failed")]
        Inference(#[source] HandlerError),
        #[error(transparent)]
        Transparent(#[from] HandlerError),
    }

    #[track_caller]
    fn assert_named(failure: &Failure, message: &str, trace: &[&str]) {
        assert_eq!(failure.error_type, "OutOfMemory");
        assert_eq!(failure.message, message);
        assert_eq!(failure.trace, trace);
    }

    #[test]
    fn the_chosen_name_is_reported_wherever_the_error_is_held() {
        let fits = "the batch does not fit";
        let cause = "caused by: CUDA error 2";
        assert_named(&out_of_memory().into_failure(), fits, &[cause]);
        let boxed: BoxError = out_of_memory().into();
        assert_named(&boxed.into_failure(), fits, &[cause]);
        assert_named(&Own::from(out_of_memory()).into_failure(), fits, &[cause]);
        assert_named(
            &Own::Inference(out_of_memory()).into_failure(),
            "inference failed",
            &["caused by: the batch does not fit", cause],
        );
    }

    #[test]
    fn the_outermost_name_counts_and_an_empty_one_is_none() {
        let inner = HandlerError::new("Inner", "inner");
        let outer = HandlerError::new("Outer", "outer").with_source(inner);
        assert_eq!(outer.into_failure().error_type, "Outer");
        let empty = HandlerError::new("", "nameless").with_source(out_of_memory());
        assert_eq!(empty.into_failure().error_type, "OutOfMemory");
        assert_eq!(
            HandlerError::new("", "x").into_failure().error_type,
            "Error"
        );
    }
}
