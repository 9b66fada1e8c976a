//! The user's own routes.

use super::WorkerBuilder;
use crate::handler::IntoRouter;

impl WorkerBuilder {
    /// Adds your own routes, for a worker that serves HTTP (feature `http`): a `fn() -> axum::Router`, or a
    /// `fn(State<T>) -> axum::Router` that takes the worker's state.
    ///
    /// The worker's own paths come first: the health check, `POST /<name>` for each handler, and `/openapi.json`. All
    /// other requests go to these routes. A worker that takes jobs from a queue does not use them. If the method is
    /// called several times, the last function counts. `docs/how-to/serve-http.md` shows more.
    ///
    /// ```
    /// use runpod::axum::Router;
    /// use runpod::axum::routing::get;
    /// use runpod::prelude::*;
    ///
    /// let worker = runpod::Worker::builder()
    ///     .handler(async |name: String| format!("Hello, {name}!"))
    ///     .named("greet")
    ///     .state(String::from("tiny"))
    ///     .router(|model: State<String>| {
    ///         Router::new().route("/model", get(async move || model.to_string()))
    ///     });
    /// # drop(worker);
    /// ```
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn router<Via>(mut self, make: impl IntoRouter<Via>) -> Self {
        self.config = self.config.router(make);
        self
    }
}
