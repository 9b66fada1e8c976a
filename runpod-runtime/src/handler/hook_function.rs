//! Functions and closures as hooks without a macro, for the builder.

use std::future::Future;
use std::sync::Arc;

use super::hook_run::HookRun;
use super::hooks::{Hook, HookArgument, HookKind, HookResult};

/// A function that the builder runs as a fitness check or at the shutdown: an `async fn`, a plain `fn` or a closure,
/// with no argument or with a [`State<T>`](crate::State).
///
/// [`WorkerBuilder::fitness_check`](crate::WorkerBuilder::fitness_check) and
/// [`WorkerBuilder::on_shutdown`](crate::WorkerBuilder::on_shutdown) take such a function. You need this bound only if
/// your own code takes such a function as an argument and passes it on. `Via` is inferred.
///
/// ```
/// use runpod::signature::HookFunction;
/// use runpod::prelude::*;
/// use runpod::{Worker, WorkerBuilder};
///
/// fn checked<Via>(check: impl HookFunction<Via>) -> WorkerBuilder {
///     Worker::builder().handler(async |input: u64| input * 2).fitness_check("mine", check)
/// }
///
/// async fn reachable() -> std::io::Result<()> {
///     Ok(())
/// }
///
/// # let _ = checked(reachable);
/// let worker = checked(|| Ok::<(), String>(()));
/// # drop(worker);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a fitness check or a shutdown hook",
    note = "write an `async fn` or a plain `fn` that takes nothing or a `State<T>`, and returns `()` or `Result<(), E>`"
)]
pub trait HookFunction<Via> {
    #[doc(hidden)]
    fn into_hook(self) -> HookBox;
}

/// A hook that can be added to a worker. Opaque outside the runtime.
#[derive(Debug)]
pub struct HookBox(Hook);

impl HookBox {
    /// Returns the hook. `name` replaces the function's own name.
    pub(crate) fn of_kind(self, kind: HookKind, name: Option<String>) -> Hook {
        let Self(mut hook) = self;
        hook.kind = kind;
        hook.name = name.unwrap_or(hook.name);
        hook
    }
}

/// Marker for [`HookFunction`]: a plain function without an argument.
#[derive(Debug)]
pub struct ViaCall<Value>(Value);
/// Marker for [`HookFunction`]: an async function without an argument.
#[derive(Debug)]
pub struct ViaFuture<Fut>(Fut);
/// Marker for [`HookFunction`]: a plain function with a state.
#[derive(Debug)]
pub struct ViaCallWith<Argument, Value>(Argument, Value);
/// Marker for [`HookFunction`]: an async function with a state.
#[derive(Debug)]
pub struct ViaFutureWith<Argument, Fut>(Argument, Fut);

fn hook<F>(
    state: Option<super::hooks::HookState>,
    call: impl Fn(&super::hooks::HookCall) -> Result<HookRun, super::Failure> + Send + Sync + 'static,
) -> HookBox {
    let name = super::function::name_in(std::any::type_name::<F>());
    HookBox(Hook::of_function(
        HookKind::FitnessCheck,
        name.unwrap_or("closure").to_owned(),
        state,
        Arc::new(call),
    ))
}

impl<F, Value> HookFunction<ViaCall<Value>> for F
where
    F: Fn() -> Value + Send + Sync + 'static,
    Value: HookResult + 'static,
{
    fn into_hook(self) -> HookBox {
        let function = Arc::new(self);
        hook::<F>(None, move |_| {
            let function = Arc::clone(&function);
            HookRun::plain(move || function(), HookResult::outcome)
        })
    }
}

impl<F, Fut> HookFunction<ViaFuture<Fut>> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    Fut::Output: HookResult + 'static,
{
    fn into_hook(self) -> HookBox {
        let function = Arc::new(self);
        hook::<F>(None, move |_| {
            HookRun::asynchronous(Box::pin(function()), HookResult::outcome)
        })
    }
}

impl<F, Argument, Value> HookFunction<ViaCallWith<Argument, Value>> for F
where
    F: Fn(Argument) -> Value + Send + Sync + 'static,
    Argument: HookArgument + Send + 'static,
    Value: HookResult + 'static,
{
    fn into_hook(self) -> HookBox {
        let function = Arc::new(self);
        hook::<F>(Some(Argument::describe()), move |call| {
            let function = Arc::clone(&function);
            let state = Argument::of_call(call)?;
            HookRun::plain(move || function(state), HookResult::outcome)
        })
    }
}

impl<F, Argument, Fut> HookFunction<ViaFutureWith<Argument, Fut>> for F
where
    F: Fn(Argument) -> Fut + Send + Sync + 'static,
    Argument: HookArgument + Send + 'static,
    Fut: Future + Send + 'static,
    Fut::Output: HookResult + 'static,
{
    fn into_hook(self) -> HookBox {
        let function = Arc::new(self);
        hook::<F>(Some(Argument::describe()), move |call| {
            let state = Argument::of_call(call)?;
            HookRun::asynchronous(Box::pin(function(state)), HookResult::outcome)
        })
    }
}
