//! The worker's states: values that exist already, and values that are created when the worker starts.

use std::future::Future;
use std::sync::Mutex;

use super::WorkerBuilder;
use crate::handler::{IntoFailure, StateFuture, StateSource, StateType, cell};

impl WorkerBuilder {
    /// Shares `state` with all handlers that take a [`State<T>`](crate::State).
    ///
    /// A worker can have several states of different types. If there are several of one type, the last one counts. If a
    /// state is an `Arc<T>`, handlers can take `State<T>` as well.
    ///
    /// ```
    /// use runpod::Worker;
    /// use runpod::prelude::*;
    ///
    /// struct Unit(&'static str);
    ///
    /// async fn scaled(input: f64, factor: State<f64>, unit: State<Unit>) -> String {
    ///     format!("{} {}", input * *factor, unit.0)
    /// }
    ///
    /// let worker = Worker::builder().handler(scaled).state(2.0).state(Unit("mm"));
    /// # drop(worker);
    /// ```
    pub fn state<T: Send + Sync + 'static>(self, state: T) -> Self {
        self.with_state::<T>(StateSource::Made(cell(state)))
    }

    /// Like [`state`](Self::state), but creates the state when the worker starts.
    ///
    /// Before the future is polled, the worker has checked its handlers, the environment and the arguments, so a mistake
    /// in them is reported before a long set-up. The future runs on the handlers' runtime, on a thread of its own that it
    /// may block. Several such futures run one after the other. If one panics, [`run`](Self::run) returns an error. If
    /// `run` is dropped, the future is dropped at its next `await`.
    ///
    /// ```
    /// use runpod::Worker;
    /// use runpod::prelude::*;
    ///
    /// struct Model(Vec<f32>);
    ///
    /// fn predict(input: Vec<f32>, model: State<Model>) -> f32 {
    ///     input.iter().zip(&model.0).map(|(x, weight)| x * weight).sum()
    /// }
    ///
    /// let worker = Worker::builder().blocking(predict).state_with(async { Model(vec![0.5; 1024]) });
    /// # drop(worker);
    /// ```
    pub fn state_with<T: Send + Sync + 'static>(
        self,
        make: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        self.later::<T>(Box::pin(async move { Ok(cell(make.await)) }))
    }

    /// Like [`state_with`](Self::state_with), for a state that may fail. If the future returns an `Err`,
    /// [`run`](Self::run) returns an error before the worker takes a job.
    ///
    /// ```
    /// use runpod::{ErrorKind, Worker};
    /// use runpod::prelude::*;
    ///
    /// async fn size(weights: State<Vec<u8>>) -> usize {
    ///     weights.len()
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// # let settings = runpod::Settings::new().var("RUNPOD_WEBHOOK_GET_JOB", "http://127.0.0.1:9/take").var("RUNPOD_AI_API_KEY", "key");
    /// let worker = Worker::builder().handler(size).try_state_with(async { std::fs::read("/no/weights") });
    /// # let worker = worker.embedded(settings.var("RUNPOD_WEBHOOK_POST_OUTPUT", "http://127.0.0.1:9/post"));
    /// let error = worker.run().await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Setup);
    /// # }
    /// ```
    pub fn try_state_with<T: Send + Sync + 'static, E: IntoFailure>(
        self,
        make: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Self {
        self.later::<T>(Box::pin(async move {
            match make.await {
                Ok(state) => Ok(cell(state)),
                Err(error) => Err(error.into_failure()),
            }
        }))
    }

    fn later<T: 'static>(self, make: StateFuture) -> Self {
        self.with_state::<T>(StateSource::Later(Mutex::new(make)))
    }

    fn with_state<T: 'static>(mut self, state: StateSource) -> Self {
        self.makes.push(StateType::of::<T>());
        self.values.add_state(state);
        self
    }
}
