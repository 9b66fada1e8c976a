//! Runs handlers in tests, without a network.
//!
//! The job goes through the worker's real loop, so a test sees what a client would get. If the input does not match
//! the type, the handler panics, or the output does not serialise, the [`Report`] shows a failed job. Handlers can be
//! functions with or without attributes.
//!
//! ```
//! use runpod::prelude::*;
//! use runpod::testing;
//!
//! #[runpod::handler]
//! async fn double(input: u64) -> u64 {
//!     input * 2
//! }
//!
//! #[tokio::main] // `#[tokio::test]`, in a test
//! async fn main() {
//!     let report = testing::Job::new(json!(21)).run(double).await;
//!     assert_eq!(report.output, Some(json!(42)));
//!
//!     let report = testing::Job::new(json!("21")).run(double).await;
//!     assert!(report.error.unwrap().contains("expected u64"));
//! }
//! ```
//!
//! The attributes do not change a function, so a test can also call it directly. [`State::new`](crate::State::new),
//! [`Job::new`](crate::Job::new), [`context`] and [`emitter`] create its arguments. `docs/how-to/test-a-handler.md`
//! shows more examples.

mod around;
mod cancel;
mod cancelling;
mod direct_call;
mod jobs;
mod report;
mod running;

use std::sync::Arc;

use serde_json::{Map, Value};

#[cfg(feature = "schema")]
use crate::handler::registered;
use crate::handler::{
    Around, AsyncFunction, BatchFunction, Batching, BlockingFunction, Handler, StateSource,
    StateType, StreamFunction, UserValues, cell,
};
use crate::platform::SingleJob;
#[cfg(feature = "schema")]
use crate::start::document;

use cancelling::CancelWhen;
pub use direct_call::{ContextHandle, EmitterHandle, context, emitter};
pub use jobs::Jobs;
pub use report::Report;
use running::{run, taken};

/// A job for a handler under test.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// struct Phrase(&'static str);
///
/// #[runpod::handler]
/// fn greet(job: Job<String>, phrase: State<Phrase>) -> String {
///     format!("{}, {}! ({}, batch {})", phrase.0, job.input, job.id, job.extra["batchId"])
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let job = testing::Job::new(json!("Ada"))
///     .id("j1")
///     .extra("batchId", json!(7))
///     .state(Phrase("Good day"));
/// let report = job.blocking(greet).await;
/// assert_eq!(report.output, Some(json!("Good day, Ada! (j1, batch 7)")));
/// # }
/// ```
#[must_use = "a job does nothing until a handler is run on it"]
pub struct Job {
    id: String,
    input: Value,
    extra: Map<String, Value>,
    makes: Vec<StateType>,
    values: UserValues,
    around: Vec<Around>,
    cancel_when: Option<CancelWhen>,
}

impl Job {
    /// Creates a job with this input and the id `test`, on a worker with the id `test`.
    pub fn new(input: Value) -> Self {
        Self {
            id: "test".to_owned(),
            input,
            extra: Map::new(),
            makes: Vec::new(),
            values: UserValues::new(None),
            around: Vec::new(),
            cancel_when: None,
        }
    }

    /// Sets the job's id.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Adds a key next to `id` and `input`, as the platform may send it. The handler finds it in
    /// [`Job::extra`](crate::Job::extra), or in [`Job::webhook`](crate::Job::webhook) if the key is `webhook`.
    pub fn extra(mut self, key: impl Into<String>, value: Value) -> Self {
        self.extra.insert(key.into(), value);
        self
    }

    /// Adds a state that the handler takes. If there are several states of one type, the last one counts.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.makes.push(StateType::of::<T>());
        self.values.add_state(StateSource::Made(cell(state)));
        self
    }

    /// Runs an async handler.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// async fn divide((a, b): (u32, u32)) -> u32 {
    ///     a / b
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!([6, 2])).run(divide).await;
    /// assert_eq!(report.output, Some(json!(3)));
    ///
    /// // If the handler panics, the job fails. The panic is also printed, like any panic.
    /// let report = testing::Job::new(json!([6, 0])).run(divide).await;
    /// assert!(report.error.unwrap().contains("attempt to divide by zero"));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if a worker would not start, because the handler takes a state that the job was not given, or has two
    /// inputs. Also panics outside a tokio runtime, or if the system refuses a thread.
    pub async fn run<Via>(self, function: impl AsyncFunction<Via>) -> Report {
        self.report(function.into_handler().0).await
    }

    /// Runs a plain `fn` handler on a thread that may block.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// fn upper(text: String) -> String {
    ///     text.to_uppercase()
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!("hi")).blocking(upper).await;
    /// assert_eq!(report.output, Some(json!("HI")));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics in the same cases as [`run`](Self::run).
    pub async fn blocking<Via>(self, function: impl BlockingFunction<Via>) -> Report {
        self.report(function.into_handler().0).await
    }

    /// Runs a `stream` handler until its stream ends.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!(3)).stream(|to: u32| 0..to).await;
    /// assert_eq!(report.stream, [json!(0), json!(1), json!(2)]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics in the same cases as [`run`](Self::run).
    pub async fn stream<Via>(self, function: impl StreamFunction<Via>) -> Report {
        self.report(function.into_handler().0).await
    }

    /// Runs a batch handler. This job is the only one in the call; [`Jobs`] runs several jobs.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let count = |texts: Vec<String>| -> Vec<usize> { texts.iter().map(String::len).collect() };
    /// let report = testing::Job::new(json!("to be")).batch(count).await;
    /// assert_eq!(report.output, Some(json!(5)));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics in the same cases as [`run`](Self::run).
    pub async fn batch<Via>(self, function: impl BatchFunction<Via>) -> Report {
        self.report(function.into_handler(Batching::NEW).0).await
    }

    async fn report(self, handler: Handler) -> Report {
        let cancelling = self.cancel_when.map(CancelWhen::start);
        // `run` lets the results of all streams repeat their items.
        let platform = SingleJob::new(taken(self.id, &self.input, self.extra), false)
            .repeating_items_only_here(true);
        let platform = Arc::new(match &cancelling {
            Some(cancelling) => platform.stopped_by(cancelling.token()),
            None => platform,
        });
        let shared = Arc::clone(&platform) as _;
        run(shared, handler, self.makes, self.values, self.around).await;
        Report::of(platform.recorded())
    }
}

/// Returns the document that `--schema` prints, for all handlers with attributes in this binary.
///
/// A test can compare it with an earlier version, so that a worker's interface does not change by accident. This
/// function needs the feature `schema`. `docs/how-to/describe-and-validate-inputs.md` explains the keys.
///
/// ```standalone_crate
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// fn count(to: u32) -> impl Iterator<Item = u32> {
///     0..to
/// }
///
/// let document = testing::schema();
/// let handlers = document["handlers"].as_array().unwrap();
/// let count = handlers.iter().find(|handler| handler["name"] == "count").unwrap();
/// assert_eq!(count["kind"], "stream");
/// ```
///
/// # Panics
///
/// Never panics, because schemas always serialise.
#[cfg(feature = "schema")]
#[cfg_attr(docsrs, doc(cfg(feature = "schema")))]
pub fn schema() -> Value {
    let handlers = registered();
    serde_json::to_value(document(None, &handlers)).expect("a document always serialises")
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.id)
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}
