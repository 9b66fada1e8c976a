//! The code that downloads and uploads share.

#[cfg(all(test, target_os = "linux"))]
pub(crate) mod bad_disk;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::process::threads;

/// The number of files of one call that are transferred at the same time.
pub(crate) const AT_ONCE: usize = 8;

/// Runs these transfers, at most [`AT_ONCE`] at the same time, and returns the files in their order. The first error
/// stops the others.
pub(crate) async fn all<T, File, Error>(
    transfers: impl Iterator<Item = T>,
) -> Result<Vec<File>, Error>
where
    T: IntoFuture<Output = Result<File, Error>> + Send + 'static,
    T::IntoFuture: Send,
    File: Send + 'static,
    Error: Send + 'static,
{
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (index, transfer) in transfers.enumerate() {
        let at_once = Arc::clone(&at_once);
        running.spawn(async move {
            // The semaphore is never closed, so this always is a permit.
            let _permit = at_once.acquire().await;
            (index, transfer.into_future().await)
        });
    }
    let mut files = Vec::with_capacity(running.len());
    while let Some(finished) = running.join_next().await {
        match finished {
            Ok((index, file)) => files.push((index, file?)),
            // A task is never aborted while the set exists, so it panicked.
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
    files.sort_by_key(|(index, _)| *index);
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

/// Runs `call` on a thread that may block. Returns `None` if there is no thread, or if the call panics.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let call = threads::spawn_blocking(&Handle::current(), call).ok()?;
    call.await.ok()
}
