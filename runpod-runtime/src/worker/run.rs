//! Runs a handler, on the handlers' runtime, to the body of its result.

use std::sync::Arc;

use crate::handler::{Call, Done, Handler, catch_panic};
use crate::platform::{Outcome, Reporter, ResultBody};

/// Runs `handler`; whatever it does, there is a result.
pub(super) async fn run(
    handler: Arc<Handler>,
    mut call: Call,
    reporter: Reporter,
    refresh: bool,
) -> ResultBody {
    let context = call.context.clone();
    let items = call.items.clone();
    let slot = Arc::clone(&call.slot);
    let done = catch_panic(async {
        let running = (handler.call)(&mut call)?;
        drop(call);
        running.finish(items.clone(), slot).await
    })
    .await;
    let outcome = match done {
        Ok(Done::Value(value)) => Outcome::Value(value),
        Ok(Done::Stream(end)) => Outcome::Stream {
            end,
            items: items.collected(),
        },
        Err(failure) => Outcome::Failed(failure),
    };
    let outcome = match outcome {
        Outcome::Failed(failure) => Outcome::Failed(failure.at(format!("in handler {handler}"))),
        outcome => outcome,
    };
    reporter.result(&outcome, handler.streams(), refresh, Some(&context))
}
