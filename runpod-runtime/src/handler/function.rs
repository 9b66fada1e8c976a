//! Functions and closures as handlers without a macro, for the builder and tests.

use std::sync::Arc;

use super::argument::{Argument, FromJob};
use super::batch::{Batching, HandlerBatcher};
use super::failure::IntoFailure;
use super::invocation::Invocation;
use super::items::IntoItems;
use super::output::IntoOutput;
use super::registration::{FunctionId, Kind};
use super::registry::{Handler, registered_as};

/// An async function as a handler: an `async fn`, or a closure that returns a future, with or without
/// `#[runpod::handler]`.
///
/// Implemented for functions with at most six arguments ([`FromJob`](super::FromJob)) whose result is an
/// [`IntoOutput`](super::IntoOutput). [`WorkerBuilder::handler`](crate::WorkerBuilder::handler) and
/// [`testing::Job::run`](crate::testing::Job::run) take such a function. You need this bound only if your own code
/// takes a handler as an argument and passes it on. `Via` is inferred.
///
/// ```
/// use runpod::AsyncFunction;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// /// A helper for several tests.
/// async fn output_of<Via>(handler: impl AsyncFunction<Via>, input: Value) -> Value {
///     let report = testing::Job::new(input).run(handler).await;
///     report.output.expect("the job succeeds")
/// }
///
/// #[runpod::handler]
/// async fn double(input: u64) -> u64 {
///     input * 2
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// assert_eq!(output_of(double, json!(21)).await, json!(42));
/// assert_eq!(output_of(async |input: u64| input + 1, json!(41)).await, json!(42));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async handler",
    note = "an async handler is an `async fn` with at most six arguments (an input or `Job<T>`, `JobContext`, `State<T>`) and a result that serialises; \
            use `.blocking(..)` for a plain `fn`, and `.stream(..)` for a function that sends items"
)]
pub trait AsyncFunction<Via> {
    #[doc(hidden)]
    fn into_handler(self) -> HandlerBox;
}

/// A plain function as a handler: a `fn` or a closure, which is called on a thread that may block.
///
/// The counterpart of [`AsyncFunction`] for [`WorkerBuilder::blocking`](crate::WorkerBuilder::blocking) and
/// [`testing::Job::blocking`](crate::testing::Job::blocking).
///
/// ```
/// use runpod::BlockingFunction;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// async fn error_of<Via>(handler: impl BlockingFunction<Via>, input: Value) -> Option<String> {
///     testing::Job::new(input).blocking(handler).await.error
/// }
///
/// fn half(input: u64) -> Result<u64, String> {
///     if input % 2 == 0 { Ok(input / 2) } else { Err(format!("{input} is odd")) }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// assert_eq!(error_of(half, json!(7)).await.as_deref(), Some("7 is odd"));
/// assert_eq!(error_of(half, json!(8)).await, None);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking handler",
    note = "a blocking handler is a plain `fn` with at most six arguments (an input or `Job<T>`, `JobContext`, `State<T>`) and a result that serialises; \
            use `.handler(..)` for an `async fn`, and `.stream(..)` for a function that sends items"
)]
pub trait BlockingFunction<Via> {
    #[doc(hidden)]
    fn into_handler(self) -> HandlerBox;
}

/// A function that streams: it returns an `impl Stream` or `impl Iterator`, or takes an [`Emitter`](super::Emitter).
///
/// The counterpart of [`AsyncFunction`] for [`WorkerBuilder::stream`](crate::WorkerBuilder::stream) and
/// [`testing::Job::stream`](crate::testing::Job::stream).
///
/// ```
/// use runpod::StreamFunction;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// async fn items_of<Via>(handler: impl StreamFunction<Via>, input: Value) -> Vec<Value> {
///     testing::Job::new(input).stream(handler).await.stream
/// }
///
/// fn countdown(from: u32) -> impl Iterator<Item = u32> {
///     (0..from).rev()
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// assert_eq!(items_of(countdown, json!(3)).await, [json!(2), json!(1), json!(0)]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream handler",
    note = "a stream handler returns `impl Stream<Item = T>` or `impl Iterator<Item = T>`, or takes an `Emitter<T>` and returns `()` or `Result<(), E>`"
)]
pub trait StreamFunction<Via> {
    #[doc(hidden)]
    fn into_handler(self) -> HandlerBox;
}

/// A handler that can be added to a worker. Opaque outside the runtime.
#[derive(Debug)]
pub struct HandlerBox(pub(crate) Handler);

fn named<F: 'static>(
    kind: Kind,
    arguments: Vec<Argument>,
    call: impl Fn(&mut super::Call) -> Result<Invocation, super::Failure> + Send + Sync + 'static,
) -> HandlerBox {
    boxed::<F>(kind, arguments, None, call)
}

/// Creates a batch handler. If an attribute has registered the function, the attribute's options count.
pub(super) fn named_batch<F: 'static>(
    batching: &Batching,
    arguments: Vec<Argument>,
    call: impl Fn(&mut super::Call) -> Result<Invocation, super::Failure> + Send + Sync + 'static,
) -> HandlerBox {
    boxed::<F>(Kind::Batch, arguments, Some(batching), call)
}

fn boxed<F: 'static>(
    kind: Kind,
    arguments: Vec<Argument>,
    batching: Option<&Batching>,
    call: impl Fn(&mut super::Call) -> Result<Invocation, super::Failure> + Send + Sync + 'static,
) -> HandlerBox {
    let id = FunctionId::of_type::<F>();
    // An attribute's generated code knows the concrete types, so it can also validate the input and provide schemas.
    // This code knows only traits, so it prefers the handler that an attribute has registered.
    let handler = registered_as(id, kind).unwrap_or_else(|| Handler {
        name: name_in(id.path).unwrap_or("handler").to_owned(),
        place: None,
        id,
        kind,
        arguments,
        schemas: None,
        #[cfg(feature = "openai")]
        openai: None,
        #[cfg(feature = "openai")]
        is_reply: false,
        batcher: batching.map(|it| HandlerBatcher::new(it.limits)),
        call: Arc::new(call),
    });
    HandlerBox(handler)
}

/// Returns a function's name from its path. A closure has no name.
pub(super) fn name_in(path: &str) -> Option<&str> {
    let path = path.split('<').next().unwrap_or_default();
    let name = path.rsplit("::").next().unwrap_or_default();
    let is_name = !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_');
    is_name.then_some(name)
}

macro_rules! functions {
    ($($arg:ident $via:ident),*) => {
        impl<Function, Fut, Back, $($arg, $via),*> AsyncFunction<(Back, $($arg, $via),*)> for Function
        where
            Function: Fn($($arg),*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: IntoOutput<Back>,
            $($arg: FromJob<$via> + Send + 'static,)*
        {
            fn into_handler(self) -> HandlerBox {
                let function = Arc::new(self);
                named::<Function>(Kind::Async, vec![$(Argument::of::<$arg, $via>()),*], move |_call| {
                    $(#[expect(non_snake_case, reason = "each variable has the name of its type")] let $arg = _call.argument::<$arg, $via>()?;)*
                    let function = Arc::clone(&function);
                    Ok(Invocation::future(async move { function($($arg),*).await.into_output() }))
                })
            }
        }

        impl<Function, Value, Back, $($arg, $via),*> BlockingFunction<(Back, $($arg, $via),*)> for Function
        where
            Function: Fn($($arg),*) -> Value + Send + Sync + 'static,
            Value: IntoOutput<Back>,
            $($arg: FromJob<$via> + Send + 'static,)*
        {
            fn into_handler(self) -> HandlerBox {
                let function = Arc::new(self);
                named::<Function>(Kind::Blocking, vec![$(Argument::of::<$arg, $via>()),*], move |_call| {
                    $(#[expect(non_snake_case, reason = "each variable has the name of its type")] let $arg = _call.argument::<$arg, $via>()?;)*
                    let function = Arc::clone(&function);
                    Ok(Invocation::blocking(move || function($($arg),*).into_output()))
                })
            }
        }

        impl<Function, Items, Kept, Back, $($arg, $via),*> StreamFunction<(Kept, Back, $($arg, $via),*)> for Function
        where
            Function: Fn($($arg),*) -> Items + Send + Sync + 'static,
            Items: IntoItems<Kept>,
            Items::Error: IntoFailure,
            Items::Item: IntoOutput<Back> + 'static,
            Back: 'static,
            $($arg: FromJob<$via> + Send + 'static,)*
        {
            fn into_handler(self) -> HandlerBox {
                let function = Arc::new(self);
                named::<Function>(Kind::Stream, vec![$(Argument::of::<$arg, $via>()),*], move |_call| {
                    $(#[expect(non_snake_case, reason = "each variable has the name of its type")] let $arg = _call.argument::<$arg, $via>()?;)*
                    let function = Arc::clone(&function);
                    Items::run(
                        move || function($($arg),*),
                        IntoOutput::<Back>::into_output,
                        IntoFailure::into_failure,
                    )
                })
            }
        }
    };
}

functions!();
functions!(A1 V1);
functions!(A1 V1, A2 V2);
functions!(A1 V1, A2 V2, A3 V3);
functions!(A1 V1, A2 V2, A3 V3, A4 V4);
functions!(A1 V1, A2 V2, A3 V3, A4 V4, A5 V5);
functions!(A1 V1, A2 V2, A3 V3, A4 V4, A5 V5, A6 V6);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_its_own_name_and_a_closure_none() {
        fn double(input: u64) -> u64 {
            input * 2
        }
        let name = |handler: HandlerBox| handler.0.name;
        assert_eq!(name(BlockingFunction::into_handler(double)), "double");
        assert_eq!(
            name(BlockingFunction::into_handler(|input: u64| input)),
            "handler"
        );
        assert_eq!(name_in("app::lärm<core::option::Option<u8>>"), Some("lärm"));
        for path in ["app::main::{{closure}}", "<app::A as app::B>::f", ""] {
            assert_eq!(name_in(path), None, "{path}");
        }
    }
}
