//! The functions that run before the first job and after the last one.

use super::WorkerBuilder;
use crate::handler::{Hook, HookFunction, HookKind};

impl WorkerBuilder {
    /// Adds a fitness check: the worker takes jobs only if `check` succeeds.
    ///
    /// The check is an `async fn`, a plain `fn` or a closure. It takes nothing or a [`State<T>`](crate::State), and
    /// returns `()` or a `Result<(), E>`. If it returns `Err`, panics, or takes longer than 60 s, the worker reports
    /// itself unhealthy to the platform, and [`run`](Self::run) returns an error. `name` is the check's name in this
    /// report.
    ///
    /// The checks run in the order in which they are added, and those that take no state run first. Then follow the
    /// built-in checks. Local runs skip all checks, and the flag `--check` runs them alone.
    /// `docs/how-to/check-a-worker.md` explains more.
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// let worker = Worker::builder()
    ///     .handler(async |input: u64| input * 2)
    ///     .fitness_check("weights", || std::fs::metadata("/models/model.safetensors").map(drop));
    /// # drop(worker);
    /// ```
    pub fn fitness_check<Via>(
        self,
        name: impl Into<String>,
        check: impl HookFunction<Via>,
    ) -> Self {
        let hook = check.into_hook();
        self.with_hook(hook.of_kind(HookKind::FitnessCheck, Some(name.into())))
    }

    /// Adds a function that runs after the last job, before [`run`](Self::run) returns, also if the start failed.
    ///
    /// The function is an `async fn`, a plain `fn` or a closure, and takes nothing or a [`State<T>`](crate::State). The
    /// function that was added last runs first. The worker waits for each at most 10 s. If a function fails, the worker
    /// logs an error. If the future of [`run`](Self::run) is dropped, these functions do not run.
    ///
    /// ```
    /// use runpod::Worker;
    /// use runpod::prelude::*;
    ///
    /// let worker = Worker::builder()
    ///     .handler(async |input: u64| input * 2)
    ///     .state(String::from("model"))
    ///     .on_shutdown(|model: State<String>| println!("unloading {}", *model));
    /// # drop(worker);
    /// ```
    pub fn on_shutdown<Via>(self, function: impl HookFunction<Via>) -> Self {
        let hook = function.into_hook();
        self.with_hook(hook.of_kind(HookKind::Shutdown, None))
    }

    fn with_hook(mut self, hook: Hook) -> Self {
        self.values.keep(hook.clone());
        self.hooks.push(hook);
        self
    }
}
