//! Waits for the signal to cancel a job under test.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Cancels the job when this future has finished.
pub(super) struct CancelWhen(Pin<Box<dyn Future<Output = ()> + Send>>);

/// Waits on the test's runtime, so that a paused clock works. The wait ends with the job.
pub(super) struct Cancelling {
    token: CancellationToken,
    waiting: JoinHandle<()>,
}

impl CancelWhen {
    pub(super) fn new(signal: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Box::pin(signal))
    }

    pub(super) fn start(self) -> Cancelling {
        let token = CancellationToken::new();
        let cancelled = token.clone();
        let waiting = tokio::spawn(async move {
            self.0.await;
            cancelled.cancel();
        });
        Cancelling { token, waiting }
    }
}

impl Cancelling {
    pub(super) fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

impl Drop for Cancelling {
    fn drop(&mut self) {
        self.waiting.abort();
    }
}

impl fmt::Debug for CancelWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CancelWhen")
    }
}
