//! Stops a worker from the program around it.

use std::future::{Future, pending};
use std::pin::Pin;

use tokio_util::sync::CancellationToken;

use crate::platform::BoxFuture;

/// Awaits `serving`, and cancels `stop` when `signal` completes.
pub(super) async fn until_stopped<T>(
    mut serving: Pin<Box<impl Future<Output = T>>>,
    signal: Option<BoxFuture<'static, ()>>,
    stop: &CancellationToken,
) -> T {
    let signal = async {
        match signal {
            Some(signal) => signal.await,
            None => pending().await,
        }
    };
    tokio::select! {
        biased;
        ended = &mut serving => return ended,
        () = signal => stop.cancel(),
    }
    serving.await
}
