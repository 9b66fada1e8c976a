//! The runtime on which handlers run.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind};
use crate::handler::UserValues;
use crate::logging;
use crate::process::threads::{self, Reserve};

/// Each running blocking handler has a thread of its own. If more than this many run, the others wait for a thread.
const MOST_BLOCKING_THREADS: usize = 1024;

/// The threads on which handlers run: either the worker's own or those of an existing runtime.
///
/// Dropping the worker's own runtime does not wait for it, because a handler that never returns must not keep the
/// process alive.
pub(crate) struct Handlers {
    handle: Handle,
    own: Option<Runtime>,
    /// Runs blocking calls if the system refuses another thread. It is dropped with the last worker.
    reserve: Option<Arc<Reserve>>,
    /// The values that handlers use as long as any worker exists.
    values: Option<Arc<UserValues>>,
}

impl Handlers {
    /// Starts threads of the worker's own, by default one for each processor. If `may_block`, some user code runs on
    /// blocking threads, and one thread is kept in reserve for it.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses a thread.
    pub(crate) fn own(threads: Option<usize>, may_block: bool) -> Result<Self, Error> {
        let mut builder = Builder::new_multi_thread();
        builder
            .thread_name("runpod-handler")
            .on_thread_start(logging::enter_thread)
            .on_thread_unpark(logging::leave_thread)
            .max_blocking_threads(MOST_BLOCKING_THREADS);
        let reserve = may_block.then(Reserve::start).transpose();
        let reserve = reserve.map_err(|refused| {
            let text = "the thread for blocking handlers could not be started";
            Error::new(ErrorKind::System, text).with_source(refused)
        })?;
        let runtime = threads::several(builder, threads, "the handlers' runtime")?;
        Ok(Self {
            handle: runtime.handle().clone(),
            own: Some(runtime),
            reserve,
            values: None,
        })
    }

    /// Uses the runtime in which this function is called. For tests of handlers.
    pub(crate) fn current() -> Self {
        Self {
            handle: Handle::current(),
            own: None,
            reserve: None,
            values: None,
        }
    }

    /// Keeps the user's values, and the threads with them, until the last worker on these threads has finished.
    pub(crate) fn keeping(mut self, values: UserValues) -> (Self, Arc<UserValues>) {
        let values = Arc::new(values.with_runtime(self.handle.clone(), self.own.take()));
        self.values = Some(Arc::clone(&values));
        (self, values)
    }

    /// Shares the same threads with another worker.
    pub(crate) fn share(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            own: None,
            reserve: self.reserve.clone(),
            values: self.values.clone(),
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl std::fmt::Debug for Handlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handlers")
            .field("handle", &self.handle)
            .field("reserve", &self.reserve)
            .finish_non_exhaustive()
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        if let Some(runtime) = self.own.take() {
            runtime.shutdown_background();
        }
    }
}
