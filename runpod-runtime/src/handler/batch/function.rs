//! Functions and closures as batch handlers without a macro.

use std::any::Any;
use std::convert::identity;
use std::future::Future;
use std::sync::Arc;

use super::argument::BatchArgument;
use super::join::{BatchCall, join};
use super::options::{Batching, Weigh};
use super::output::BatchItem;
use crate::handler::argument::Argument;
use crate::handler::call::Call;
use crate::handler::failure::Failure;
use crate::handler::function::{HandlerBox, named_batch};

/// A function that handles many jobs in one call: an `async fn`, or a plain `fn`, which is called on a thread that may
/// block.
///
/// It takes at least one `Vec` with a value for each job, and returns a `Vec` with a result for each job
/// ([`signature::BatchArgument`](crate::signature::BatchArgument)). [`WorkerBuilder::batch`](crate::WorkerBuilder::batch)
/// and [`testing::Jobs::batch`](crate::testing::Jobs::batch) take such a function. `Via` is inferred.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{BatchFunction, testing};
///
/// async fn outputs_of<Via>(handler: impl BatchFunction<Via>, inputs: Vec<Value>) -> Vec<Option<Value>> {
///     let reports = testing::Jobs::new(inputs).batch(handler).await;
///     reports.into_iter().map(|report| report.output).collect()
/// }
///
/// fn lengths(texts: Vec<String>) -> Vec<usize> {
///     texts.iter().map(String::len).collect()
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let outputs = outputs_of(lengths, vec![json!("to"), json!("be")]).await;
/// assert_eq!(outputs, [Some(json!(2)), Some(json!(2))]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a batch handler",
    note = "a batch handler is an `async fn` or a plain `fn` with at most four arguments (`Vec<T>` with one value for each job, `State<T>`), which returns `Vec<T>` or `Result<Vec<T>, E>`"
)]
pub trait BatchFunction<Via> {
    #[doc(hidden)]
    fn into_handler(self, batching: Batching) -> HandlerBox;
}

/// Marker: a plain `fn`.
#[derive(Debug)]
pub struct ViaBlocking;
/// Marker: an `async fn`.
#[derive(Debug)]
pub struct ViaFuture;

/// All arguments of a batch handler, as a tuple.
trait Arguments<Via>: Sized {
    /// The parts of one job.
    type Parts: Send + 'static;

    fn describe() -> Vec<Argument>;
    fn parts(call: &mut Call) -> Result<Self::Parts, Failure>;
    /// Returns the weight of a job, or `None` if no part has the type that is weighed.
    fn weight(parts: &Self::Parts, weigh: &Weigh) -> Option<usize>;
    fn of_parts(jobs: Vec<Self::Parts>) -> Option<Self>;
}

/// Creates the adapter of a function. `prepare` creates the call from the arguments and the number of jobs. The
/// arguments are `None` only if there is no job.
fn handler<Function: 'static, Args: Arguments<Via>, Via>(
    batching: &Batching,
    prepare: impl Fn(usize, Option<Args>) -> BatchCall + Clone + Send + Sync + 'static,
) -> HandlerBox {
    let weigh = batching.weigh.clone();
    named_batch::<Function>(batching, Args::describe(), move |call| {
        let parts = Args::parts(call)?;
        let weight = match &weigh {
            None => 1,
            Some(weigh) => Args::weight(&parts, weigh).ok_or_else(|| {
                Failure::new(
                    "BatchError",
                    "the function that was passed to `Batching::weight` takes a reference to a type that is in no `Vec` of \
                     the handler's arguments; for a `Vec<T>` it must take `&T`, and for a `Vec<Job<T>>` it must take \
                     `&Job<T>`",
                )
            })?,
        };
        let prepare = prepare.clone();
        join(call, weight, parts, move |jobs: Vec<Args::Parts>| {
            prepare(jobs.len(), Args::of_parts(jobs))
        })
    })
}

macro_rules! batch_functions {
    ($($arg:ident $via:ident $column:ident),*) => {
        impl<$($arg, $via),*> Arguments<($($via,)*)> for ($($arg,)*)
        where
            $($arg: BatchArgument<$via>,)*
        {
            type Parts = ($($arg::Part,)*);

            fn describe() -> Vec<Argument> {
                vec![$($arg::describe()),*]
            }

            fn parts(call: &mut Call) -> Result<Self::Parts, Failure> {
                Ok(($($arg::part(call)?,)*))
            }

            fn weight(($($column,)*): &Self::Parts, weigh: &Weigh) -> Option<usize> {
                let parts: [&dyn Any; _] = [$($column),*];
                parts.into_iter().find_map(|part| weigh(part))
            }

            fn of_parts(jobs: Vec<Self::Parts>) -> Option<Self> {
                let ($(mut $column,)*) = ($(Vec::<$arg::Part>::with_capacity(jobs.len()),)*);
                for job in jobs {
                    batch_functions!(@push job $($column)*);
                }
                Some(($($arg::of_parts($column)?,)*))
            }
        }

        impl<Function, Value, Back, $($arg, $via),*> BatchFunction<(ViaBlocking, Back, $($arg, $via),*)> for Function
        where
            Function: Fn($($arg),*) -> Value + Send + Sync + 'static,
            Value: BatchItem<Back> + 'static,
            Value::Item: 'static,
            Back: 'static,
            $($arg: BatchArgument<$via> + Send + 'static,)*
        {
            fn into_handler(self, batching: Batching) -> HandlerBox {
                let function = Arc::new(self);
                handler::<Function, ($($arg,)*), ($($via,)*)>(&batching, move |jobs, arguments| {
                    let function = Arc::clone(&function);
                    let call = move || arguments.map(|($($column,)*)| function($($column),*));
                    let list = |returned: Option<Value>| returned.map_or_else(|| Ok(Vec::new()), Value::into_list);
                    BatchCall::blocking(jobs, call, list, identity, Value::into_output)
                })
            }
        }

        impl<Function, Fut, Back, $($arg, $via),*> BatchFunction<(ViaFuture, Back, $($arg, $via),*)> for Function
        where
            Function: Fn($($arg),*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            Fut::Output: BatchItem<Back>,
            Back: 'static,
            <Fut::Output as BatchItem<Back>>::Item: 'static,
            $($arg: BatchArgument<$via> + Send + 'static,)*
        {
            fn into_handler(self, batching: Batching) -> HandlerBox {
                let function = Arc::new(self);
                handler::<Function, ($($arg,)*), ($($via,)*)>(&batching, move |jobs, arguments| {
                    let future = arguments.map(|($($column,)*)| function($($column),*));
                    let call = async move {
                        match future {
                            Some(future) => Some(future.await),
                            None => None,
                        }
                    };
                    let list = |returned: Option<Fut::Output>| returned.map_or_else(|| Ok(Vec::new()), BatchItem::into_list);
                    BatchCall::future(jobs, call, list, identity, Fut::Output::into_output)
                })
            }
        }
    };
    (@push $job:ident $first:ident) => {
        $first.push($job.0);
    };
    (@push $job:ident $first:ident $second:ident) => {
        $first.push($job.0);
        $second.push($job.1);
    };
    (@push $job:ident $first:ident $second:ident $third:ident) => {
        batch_functions!(@push $job $first $second);
        $third.push($job.2);
    };
    (@push $job:ident $first:ident $second:ident $third:ident $fourth:ident) => {
        batch_functions!(@push $job $first $second $third);
        $fourth.push($job.3);
    };
}

batch_functions!(A1 V1 first);
batch_functions!(A1 V1 first, A2 V2 second);
batch_functions!(A1 V1 first, A2 V2 second, A3 V3 third);
batch_functions!(A1 V1 first, A2 V2 second, A3 V3 third, A4 V4 fourth);
