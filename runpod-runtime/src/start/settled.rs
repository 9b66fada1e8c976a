//! Decides, when `main` has returned, what observes the worker: the worker's own log and metrics, or a subscriber and a
//! recorder that `main` has installed.

use super::prepared::Prepared;
use super::prometheus;
use crate::error::Error;
use crate::logging;

impl Prepared {
    /// Makes the worker's log global unless the program has a subscriber, and starts the Prometheus endpoint if its port
    /// is set.
    ///
    /// # Errors
    ///
    /// Returns an error if the Prometheus endpoint cannot be started.
    pub(super) fn settle_observers(&self) -> Result<(), Error> {
        logging::settle();
        if let Some(port) = self.settings.metrics_port {
            prometheus::serve(port)?;
        }
        #[cfg(feature = "metrics")]
        crate::worker::metrics::describe();
        Ok(())
    }
}
