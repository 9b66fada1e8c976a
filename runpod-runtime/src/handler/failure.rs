//! A job that failed, whatever the reason.

use std::error::Error as StdError;

use crate::error::BoxError;

/// Why a job failed. The worker turns it into the platform's error report.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(crate) error_type: String,
    pub(crate) message: String,
    /// Where it came from and what caused it, one line each; the counterpart of Python's traceback.
    pub(crate) trace: Vec<String>,
    /// What the log may say where the message repeats something of the job's input.
    pub(crate) without_data: Option<String>,
}

impl Failure {
    pub(crate) fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            trace: Vec::new(),
            without_data: None,
        }
    }

    /// The failure that an error means; the causes go into the trace.
    pub(crate) fn from_error(error_type: &str, error: &BoxError) -> Self {
        let mut failure = Self::new(error_type, error.to_string());
        let mut source: Option<&(dyn StdError + 'static)> = error.source();
        while let Some(cause) = source {
            failure.trace.push(format!("caused by: {cause}"));
            source = cause.source();
        }
        failure
    }

    /// Adds a line to the trace, in front of the causes.
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.trace.insert(0, place.into());
        self
    }
}

/// An error that a handler may return: anything that shows itself.
///
/// Implemented for every `std::error::Error + Send + Sync`, `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String` and
/// `&'static str`; there is nothing to implement. The client of the failed job gets the error's type, its message and its
/// causes, and where the handler is; `docs/errors.md` shows it.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// async fn half(number: u32) -> Result<u32, String> {
///     if number % 2 == 1 {
///         return Err(format!("{number} is odd"));
///     }
///     Ok(number / 2)
/// }
///
/// #[runpod::handler]
/// async fn parse(text: String) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(7)).run(half).await;
/// assert_eq!(report.error.as_deref(), Some("7 is odd"));
///
/// let report = testing::Job::new(json!("x")).run(parse).await;
/// assert_eq!(report.error.as_deref(), Some("invalid digit found in string"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's error",
    label = "this error cannot be shown to the client",
    note = "use a type that implements `std::error::Error + Send + Sync`, or `anyhow::Error`, `String` or `&'static str`"
)]
pub trait IntoFailure {
    /// What the client will be told.
    #[doc(hidden)]
    fn into_failure(self) -> Failure;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> IntoFailure for E {
    fn into_failure(self) -> Failure {
        Failure::from_error(std::any::type_name::<E>(), &self.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("model is gone")]
    struct ModelGone(#[source] std::num::ParseIntError);

    #[test]
    fn an_error_keeps_its_type_its_message_and_its_causes() {
        let cause = "x".parse::<u32>().unwrap_err();
        let failure = ModelGone(cause).into_failure();
        assert!(
            failure.error_type.ends_with("ModelGone"),
            "{}",
            failure.error_type
        );
        assert_eq!(failure.message, "model is gone");
        assert_eq!(failure.trace, ["caused by: invalid digit found in string"]);
    }

    #[test]
    fn text_is_an_error_too() {
        assert_eq!("no luck".into_failure().message, "no luck");
        assert_eq!(String::from("no luck").into_failure().message, "no luck");
    }
}
