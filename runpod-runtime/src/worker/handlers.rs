//! The runtime that handlers run on.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind};
use crate::handler::UserValues;
use crate::process::threads::{self, Reserve};

/// Blocking handlers have a thread each for as long as they run; more than this many wait for one.
const MOST_BLOCKING_THREADS: usize = 1024;

/// Threads of the worker's own for handlers, or a runtime that is there already.
///
/// The worker's own is never waited for when it is dropped: a handler that does not end must not hold the process.
pub(crate) struct Handlers {
    handle: Handle,
    own: Option<Runtime>,
    /// Runs blocking calls when the system grants no further thread; ends with the last worker.
    reserve: Option<Arc<Reserve>>,
    /// What handlers use as long as there is a worker.
    values: Option<Arc<UserValues>>,
}

impl Handlers {
    /// Threads of the worker's own; as many as the machine has processors unless said. If `may_block`, some of the user's
    /// code runs on blocking threads, and a thread is kept in reserve for it.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(crate) fn own(threads: Option<usize>, may_block: bool) -> Result<Self, Error> {
        let mut builder = Builder::new_multi_thread();
        builder
            .thread_name("runpod-handler")
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

    /// The runtime that this is called in. For tests of handlers.
    pub(crate) fn current() -> Self {
        Self {
            handle: Handle::current(),
            own: None,
            reserve: None,
            values: None,
        }
    }

    /// Keeps the user's values, and the threads with them, until the last worker on these threads has ended.
    pub(crate) fn keeping(mut self, values: UserValues) -> (Self, Arc<UserValues>) {
        let values = Arc::new(values.with_runtime(self.handle.clone(), self.own.take()));
        self.values = Some(Arc::clone(&values));
        (self, values)
    }

    /// The same threads for a further worker.
    #[cfg(feature = "local")]
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
