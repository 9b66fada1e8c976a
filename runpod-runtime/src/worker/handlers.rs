//! The runtime that handlers run on.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Error;
use crate::threads;

/// Blocking handlers have a thread each for as long as they run; more than this many wait for one.
const MOST_BLOCKING_THREADS: usize = 1024;

/// Threads of the worker's own for handlers, or a runtime that is there already.
///
/// The worker's own is never waited for when it is dropped: a handler that does not end must not hold the process.
#[derive(Debug)]
pub(crate) struct Handlers {
    handle: Handle,
    own: Option<Runtime>,
}

impl Handlers {
    /// Threads of the worker's own; as many as the machine has processors unless said.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(crate) fn own(threads: Option<usize>) -> Result<Self, Error> {
        let mut builder = Builder::new_multi_thread();
        builder
            .thread_name("runpod-handler")
            .max_blocking_threads(MOST_BLOCKING_THREADS);
        let runtime = threads::several(&mut builder, threads, "the handlers' runtime")?;
        Ok(Self {
            handle: runtime.handle().clone(),
            own: Some(runtime),
        })
    }

    /// The runtime that this is called in. For tests of handlers.
    pub(crate) fn current() -> Self {
        Self {
            handle: Handle::current(),
            own: None,
        }
    }

    /// The same threads for a further worker, which does not end them.
    #[cfg(feature = "local")]
    pub(crate) fn share(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            own: None,
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        if let Some(runtime) = self.own.take() {
            runtime.shutdown_background();
        }
    }
}
