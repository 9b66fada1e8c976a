//! Users' extractors: types that the user's own code creates from a job.
//!
//! An extractor may be asynchronous, but a handler's adapter creates the arguments synchronously. So the extractors run
//! first, and the adapter finds their values in the
//! [`Call`](super::Call).

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::call::{AnyValue, Extracted};
use super::failure::{Failure, IntoFailure};
use super::job_call::JobCall;

/// A type that your own code creates for each job, from the job and the worker's state. A handler can take it as an
/// argument.
///
/// The extractors of a handler run before its input is deserialised, in the order of its arguments. If one fails, the
/// job fails with its error, and the handler is not called. Such a failure does not count for
/// `max_consecutive_failures`. If the job is cancelled, a running extractor is dropped at its next `await`.
///
/// An extractor may await. It runs on the worker's async threads, even for a plain `fn` handler, so it must not block.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{FromJobCall, HandlerError, JobCall, JobFailure, testing};
///
/// struct Customers(Vec<&'static str>);
///
/// struct Customer(&'static str);
///
/// impl FromJobCall for Customer {
///     type Error = JobFailure;
///
///     async fn from_job_call(job: &JobCall) -> Result<Self, JobFailure> {
///         #[derive(Deserialize)]
///         struct Who {
///             customer: String,
///         }
///
///         let who: Who = job.input()?;
///         let customers = job.state::<Customers>()?;
///         let known = customers.0.iter().find(|it| **it == who.customer);
///         let name = known.ok_or_else(|| HandlerError::new("Unauthorized", "unknown customer"))?;
///         Ok(Self(name))
///     }
/// }
///
/// #[derive(Deserialize)]
/// struct Prompt {
///     text: String,
/// }
///
/// #[runpod::handler]
/// fn answer(prompt: Prompt, customer: Customer) -> String {
///     format!("{}: {}", customer.0, prompt.text)
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let job = |customer| {
///     testing::Job::new(json!({ "text": "hi", "customer": customer })).state(Customers(vec!["ada"]))
/// };
/// assert_eq!(job("ada").blocking(answer).await.output, Some(json!("ada: hi")));
/// assert_eq!(job("eve").blocking(answer).await.error_type.as_deref(), Some("Unauthorized"));
/// # }
/// ```
///
/// To use one extractor in another, call its `from_job_call`:
///
/// ```
/// use runpod::{FromJobCall, JobCall};
///
/// struct Batch(String);
///
/// impl FromJobCall for Batch {
///     type Error = String;
///
///     async fn from_job_call(job: &JobCall) -> Result<Self, String> {
///         let batch = job.extra().get("batchId").ok_or("the job is not part of a batch")?;
///         Ok(Self(batch.to_string()))
///     }
/// }
///
/// struct Folder(String);
///
/// impl FromJobCall for Folder {
///     type Error = String;
///
///     async fn from_job_call(job: &JobCall) -> Result<Self, String> {
///         let batch = Batch::from_job_call(job).await?;
///         Ok(Self(format!("/runpod-volume/{}", batch.0)))
///     }
/// }
/// # fn is_extractor<T: FromJobCall>() {}
/// # is_extractor::<Folder>();
/// ```
///
/// A type cannot be both an extractor and an input: if it also implements `Deserialize`, the compiler cannot infer which
/// of the two an argument is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extractor",
    note = "implement `runpod::FromJobCall` for the type, to create it from the job in your own code"
)]
pub trait FromJobCall: Sized + Send + 'static {
    /// The reason why the value could not be created. The job fails with this error.
    type Error: IntoFailure;

    /// Creates the value for one job.
    ///
    /// # Errors
    ///
    /// If this returns an error, the job fails, and its handler is not called.
    fn from_job_call(job: &JobCall) -> impl Future<Output = Result<Self, Self::Error>> + Send;
}

type Extracting<'a> = Pin<Box<dyn Future<Output = Result<AnyValue, Failure>> + Send + 'a>>;

/// The extractor of one argument, for any type.
#[derive(Clone, Copy)]
pub(crate) struct Extractor {
    run: fn(&JobCall) -> Extracting<'_>,
    /// The name of the type, for messages.
    name: &'static str,
}

impl Extractor {
    pub(super) fn of<T: FromJobCall>() -> Self {
        Self {
            run: |job| {
                Box::pin(async move {
                    match T::from_job_call(job).await {
                        Ok(value) => Ok(Box::new(value) as AnyValue),
                        Err(error) => Err(error.into_failure()),
                    }
                })
            },
            name: type_name::<T>(),
        }
    }
}

impl fmt::Debug for Extractor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Extractor").field(&self.name).finish()
    }
}

/// Runs the extractors one after the other.
pub(super) async fn extract(
    extractors: impl Iterator<Item = Extractor>,
    job: &JobCall,
) -> Result<Extracted, Failure> {
    let mut values = Vec::new();
    for extractor in extractors {
        let extracting = (extractor.run)(job).await;
        let place = format!("in the extractor `{}`", extractor.name);
        values.push(extracting.map_err(|failure| failure.at(place))?);
    }
    Ok(Extracted::new(values))
}
