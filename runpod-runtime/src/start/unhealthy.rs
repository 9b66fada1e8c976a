//! Reports to the platform that this worker is broken, before the worker's loop runs.

use tokio::runtime::Handle;

use super::prepared::Prepared;
use crate::config::Mode;
use crate::platform::{self, Runpod, Unhealthy};

impl Prepared {
    /// Sends the unhealthy ping, if the platform gets pings from this worker. The platform's implementation limits the
    /// time. The reason must contain no key. DNS lookups run on `threads` if the system refuses another thread.
    pub(super) async fn report_unhealthy(&self, unhealthy: &Unhealthy, threads: &Handle) {
        let urls = match &self.settings.mode {
            Mode::Platform(urls) => Some(urls),
            Mode::Http(http) => http.heartbeats.as_ref(),
            _ => None,
        };
        let Some(urls) = urls else { return };
        match Runpod::of(urls.clone(), &self.settings, threads) {
            Ok(platform) => platform::report(&platform, unhealthy).await,
            Err(error) => tracing::warn!(
                "this worker could not report to the platform that it is broken: {error:?}"
            ),
        }
    }

    /// Returns this reason without the keys that it may contain.
    pub(super) fn without_keys(&self, mut unhealthy: Unhealthy) -> Unhealthy {
        let secrets = &self.settings.secrets;
        unhealthy.reason = secrets.redact(&unhealthy.reason).into_owned();
        unhealthy
    }
}
