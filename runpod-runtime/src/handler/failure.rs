//! The failure of a job, for any reason.

use super::error_text;
use super::handler_error::ReportedAs;
use crate::error::{BoxError, causes};

/// The `error_type` of errors without a name of their own. (`HandlerError` can choose a name.)
pub(super) const ERROR_TYPE: &str = "Error";

/// The reason why a job failed. The worker turns it into the platform's error report.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(crate) error_type: String,
    pub(crate) message: String,
    /// The place and the causes of the failure, one per line. The platform's report has it in place of Python's
    /// traceback.
    pub(crate) trace: Vec<String>,
    /// The message for the log, if `message` repeats parts of the job's input.
    pub(crate) without_data: Option<String>,
    /// What an error of `OpenAI`'s API says in addition to its message.
    #[cfg(feature = "openai")]
    pub(crate) openai: Option<Box<crate::openai::Detail>>,
}

impl Failure {
    pub(crate) fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            trace: Vec::new(),
            without_data: None,
            #[cfg(feature = "openai")]
            openai: None,
        }
    }

    /// Creates the failure of a request that is answered with this error.
    #[cfg(feature = "openai")]
    pub(crate) fn of_api_error(error: &crate::openai::ApiError) -> Self {
        Self {
            openai: Some(Box::new(error.detail().clone())),
            ..Self::new(ERROR_TYPE, error.to_string())
        }
    }

    /// Returns whether the failure counts as one of the worker. An error of a kind below 500 is about the request, and
    /// so is an argument that cannot be created from it.
    #[cfg(feature = "openai")]
    pub(crate) fn is_of_worker(&self) -> bool {
        let is_about_input = self.without_data.is_some();
        !is_about_input && self.openai.as_ref().is_none_or(|it| it.is_of_worker())
    }

    /// Converts an error to a failure. If the error or one of its causes is a `HandlerError`, its name becomes the
    /// type. The causes become the trace, followed by a backtrace in the text of the error.
    fn of_error(error: &BoxError) -> Self {
        let text = error.to_string();
        let (message, mut backtrace) = error_text::split(&text);
        let mut failure = Self::new(ERROR_TYPE, message);
        let mut chosen = None;
        for cause in causes(error.as_ref()) {
            #[cfg(feature = "openai")]
            if let Some(detail) = cause.downcast_ref::<crate::openai::Detail>() {
                failure.openai = failure.openai.or_else(|| Some(Box::new(detail.clone())));
                continue;
            }
            if let Some(name) = cause.downcast_ref::<ReportedAs>() {
                chosen = chosen.or_else(|| name.error_type());
                continue;
            }
            let text = cause.to_string();
            let (cause, of_cause) = error_text::split(&text);
            failure.trace.push(format!("caused by: {cause}"));
            if backtrace.is_empty() {
                backtrace = of_cause;
            }
        }
        failure.trace.append(&mut backtrace);
        failure.error_type = chosen.map_or(failure.error_type, str::to_owned);
        failure
    }

    /// Inserts a line into the trace, before the causes.
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.trace.insert(0, place.into());
        self
    }
}

/// An error that a handler can return.
///
/// Implemented for every `std::error::Error + Send + Sync`, `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String`
/// and `&'static str`. You do not implement it yourself. The client of the failed job gets the error's message, its
/// causes, and the place of the handler, as `docs/how-to/return-errors.md` shows. The error's type is `Error`, unless
/// a [`HandlerError`](super::HandlerError) chooses another name.
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
    label = "this error cannot be sent to the client",
    note = "use a type that implements `std::error::Error + Send + Sync`, or `anyhow::Error`, `String` or `&'static str`"
)]
pub trait IntoFailure {
    /// Converts the error to the failure that the client sees.
    #[doc(hidden)]
    fn into_failure(self) -> Failure;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> IntoFailure for E {
    fn into_failure(self) -> Failure {
        Failure::of_error(&self.into())
    }
}

/// Used for a `Result` in a `Result`, whose errors have already been converted.
#[diagnostic::do_not_recommend]
impl IntoFailure for Failure {
    fn into_failure(self) -> Failure {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("model is gone")]
    struct ModelGone(#[source] std::num::ParseIntError);

    #[test]
    fn an_error_keeps_its_message_and_its_causes() {
        let cause = "x".parse::<u32>().unwrap_err();
        let failure = ModelGone(cause).into_failure();
        assert_eq!(failure.message, "model is gone");
        assert_eq!(failure.trace, ["caused by: invalid digit found in string"]);
    }

    #[test]
    fn a_backtrace_in_the_text_of_an_error_is_not_part_of_the_message() {
        let backtrace = std::backtrace::Backtrace::force_capture();
        let cause: BoxError = format!("no such tensor\n{backtrace}").into();
        let failure = super::super::HandlerError::new("Model", "cannot load")
            .with_source(cause)
            .into_failure();
        assert_eq!(failure.message, "cannot load");
        assert_eq!(failure.trace[0], "caused by: no such tensor");
        assert!(failure.trace[1].starts_with("   0: "), "{failure:?}");
        let failure = format!("no such tensor\n{backtrace}").into_failure();
        assert_eq!(failure.message, "no such tensor");
        assert!(failure.trace[0].starts_with("   0: "), "{failure:?}");
    }

    #[test]
    fn no_error_is_reported_with_the_name_of_a_rust_type() {
        let boxed: BoxError = "x".into();
        let failures = [
            ModelGone("x".parse::<u32>().unwrap_err()).into_failure(),
            "text".into_failure(),
            String::from("text").into_failure(),
            boxed.into_failure(),
        ];
        for failure in failures {
            assert_eq!(failure.error_type, "Error", "{}", failure.message);
        }
    }

    #[test]
    fn text_is_an_error_too() {
        assert_eq!("no luck".into_failure().message, "no luck");
        assert_eq!(String::from("no luck").into_failure().message, "no luck");
    }
}
