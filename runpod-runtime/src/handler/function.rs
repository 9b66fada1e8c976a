//! Functions and closures as handlers, where no macro looks at them: the builder and tests.

use std::sync::Arc;

use super::argument::{Argument, FromJob};
use super::items::IntoItems;
use super::output::IntoOutput;
use super::registration::Kind;
use super::registry::{Handler, registered_as};
use super::running::Running;

/// An async function as a handler. `Via` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async handler",
    note = "an async handler is an `async fn` of at most six arguments (an input or `Job<T>`, `Context`, `State<T>`) whose result serialises; \
            use `.blocking(..)` for a plain `fn` and `.stream(..)` for one that sends items"
)]
pub trait AsyncFunction<Via> {
    #[doc(hidden)]
    fn into_handler(self) -> HandlerBox;
}

/// A plain function as a handler, called on a thread that may block. `Via` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking handler",
    note = "a blocking handler is a plain `fn` of at most six arguments (an input or `Job<T>`, `Context`, `State<T>`) whose result serialises; \
            use `.handler(..)` for an `async fn` and `.stream(..)` for one that sends items"
)]
pub trait BlockingFunction<Via> {
    #[doc(hidden)]
    fn into_handler(self) -> HandlerBox;
}

/// A function that streams. `Via` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream handler",
    note = "a stream handler returns `impl Stream<Item = T>` or `impl Iterator<Item = T>`, or takes an `Emitter<T>` and returns `()` or `Result<(), E>`"
)]
pub trait StreamFunction<Via> {
    #[doc(hidden)]
    fn into_handler(self) -> HandlerBox;
}

/// A handler on its way into a worker; opaque outside of the runtime.
#[derive(Debug)]
pub struct HandlerBox(pub(crate) Handler);

fn named<F>(
    kind: Kind,
    arguments: Vec<Argument>,
    call: impl Fn(&mut super::Call) -> Result<Running, super::Failure> + Send + Sync + 'static,
) -> HandlerBox {
    let path = std::any::type_name::<F>();
    // An attribute knows the types where here are only traits, so it can do more: validate the input, give schemas.
    let handler = registered_as(path, kind, &arguments).unwrap_or_else(|| Handler {
        name: String::new(),
        place: None,
        path,
        kind,
        arguments,
        schemas: None,
        call: Arc::new(call),
    });
    HandlerBox(Handler {
        name: "handler".to_owned(),
        ..handler
    })
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
                    $(#[expect(non_snake_case, reason = "named after its type")] let $arg = _call.argument::<$arg, $via>()?;)*
                    let function = Arc::clone(&function);
                    Ok(Running::future(async move { function($($arg),*).await.into_output() }))
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
                    $(#[expect(non_snake_case, reason = "named after its type")] let $arg = _call.argument::<$arg, $via>()?;)*
                    let function = Arc::clone(&function);
                    Ok(Running::blocking(move || function($($arg),*).into_output()))
                })
            }
        }

        impl<Function, Items, Kept, Back, $($arg, $via),*> StreamFunction<(Kept, Back, $($arg, $via),*)> for Function
        where
            Function: Fn($($arg),*) -> Items + Send + Sync + 'static,
            Items: IntoItems<Kept>,
            Items::Item: IntoOutput<Back> + 'static,
            Back: 'static,
            $($arg: FromJob<$via> + Send + 'static,)*
        {
            fn into_handler(self) -> HandlerBox {
                let function = Arc::new(self);
                named::<Function>(Kind::Stream, vec![$(Argument::of::<$arg, $via>()),*], move |_call| {
                    $(#[expect(non_snake_case, reason = "named after its type")] let $arg = _call.argument::<$arg, $via>()?;)*
                    let function = Arc::clone(&function);
                    Items::run(move || function($($arg),*), IntoOutput::<Back>::into_output)
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
