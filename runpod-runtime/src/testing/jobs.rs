//! Several jobs at once, for batch handlers.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::report::Report;
use super::running::{run, taken};
use crate::handler::{BatchFunction, Batching, StateSource, StateType, UserValues, cell};
use crate::platform::SeveralJobs;

/// Several jobs for a batch handler under test. The worker takes all jobs at once.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(batch, max_batch_size = 2)]
/// fn share(inputs: Vec<f64>, total: State<f64>) -> Vec<Result<(f64, usize), String>> {
///     let jobs = inputs.len();
///     let share = |input: f64| match input / *total {
///         share if share <= 1.0 => Ok((share, jobs)),
///         _ => Err(format!("{input} is more than {}", *total)),
///     };
///     inputs.into_iter().map(share).collect()
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let jobs = testing::Jobs::new([json!(1), json!("x"), json!(8), json!(2)]).state(4.0);
/// let reports = jobs.batch(share).await;
/// // The second input is not a number, so its job is in no call. The other jobs are in calls with at most two jobs.
/// assert!(reports[1].error.as_ref().unwrap().contains("expected f64"));
/// assert_eq!(reports[0].output.as_ref().unwrap()[0], json!(0.25));
/// assert_eq!(reports[2].error.as_deref(), Some("8 is more than 4"));
/// assert_eq!(reports[3].output.as_ref().unwrap()[0], json!(0.5));
/// # }
/// ```
#[must_use = "jobs do nothing until a handler is run on them"]
pub struct Jobs {
    inputs: Vec<Value>,
    makes: Vec<StateType>,
    values: UserValues,
}

impl Jobs {
    /// Creates a job for each input. The ids are `test-0`, `test-1`, and so on.
    pub fn new(inputs: impl IntoIterator<Item = Value>) -> Self {
        Self {
            inputs: inputs.into_iter().collect(),
            makes: Vec::new(),
            values: UserValues::new(None),
        }
    }

    /// Adds a state that the handler takes. If there are several states of one type, the last one counts.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.makes.push(StateType::of::<T>());
        self.values.add_state(StateSource::Made(cell(state)));
        self
    }

    /// Runs a batch handler, and returns the reports in the order of the inputs.
    ///
    /// The options are those of the function's attribute, or the default options.
    ///
    /// # Panics
    ///
    /// Panics in the same cases as [`Job::run`](super::Job::run).
    pub async fn batch<Via>(self, function: impl BatchFunction<Via>) -> Vec<Report> {
        let handler = function.into_handler(Batching::NEW).0;
        let ids: Vec<String> = (0..self.inputs.len())
            .map(|it| format!("test-{it}"))
            .collect();
        let jobs = ids.iter().zip(&self.inputs);
        let jobs = jobs.map(|(id, input)| taken(id.clone(), input, Map::new()));
        let platform = Arc::new(SeveralJobs::new(jobs.collect()));
        let shared = Arc::clone(&platform) as _;
        run(shared, handler, self.makes, self.values, Vec::new()).await;
        ids.iter()
            .map(|id| Report::of(platform.recorded(id)))
            .collect()
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs")
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}
