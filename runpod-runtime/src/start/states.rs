//! Creates the states of a worker from the builder when the worker starts.

use std::sync::PoisonError;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::handler::{Failure, StateCell, StateSource, UserValues};
use crate::process::panics::caught_now;
use crate::process::threads::spawn_blocking;

/// Creates the states that do not exist yet, in the order in which they were added.
///
/// # Cancel safety
///
/// If the future is dropped, the future that creates a state is dropped at its next `await`.
pub(super) async fn create(values: &mut UserValues, runtime: &Handle) -> Result<(), Failure> {
    let states = values.take_states();
    if states.iter().all(|it| matches!(it, StateSource::Made(_))) {
        for state in states {
            values.add_state(state);
        }
        return Ok(());
    }
    let cancelled = CancellationToken::new();
    let _cancels = cancelled.clone().drop_guard();
    let on_thread = runtime.clone();
    let making = spawn_blocking(runtime, move || {
        let all = || on_thread.block_on(cancelled.run_until_cancelled(all(states)));
        caught_now(all).map_err(Failure::from)
    });
    let refused = |text: String| {
        let text = format!("the thread that creates the state did not run: {text}");
        Failure::new("ThreadRefused", text)
    };
    let made = making.map_err(|error| refused(error.to_string()))?.await;
    let made = made.map_err(|error| refused(error.to_string()))??;
    for state in made.unwrap_or_else(|| Ok(Vec::new()))? {
        values.add_state(StateSource::Made(state));
    }
    Ok(())
}

async fn all(states: Vec<StateSource>) -> Result<Vec<StateCell>, Failure> {
    let mut made = Vec::with_capacity(states.len());
    for state in states {
        made.push(match state {
            StateSource::Made(state) => state,
            StateSource::Later(future) => {
                let future = future.into_inner();
                future.unwrap_or_else(PoisonError::into_inner).await?
            }
        });
    }
    Ok(made)
}
