//! The report that a worker is broken: one line in the log, and one ping to the platform.

use std::borrow::Cow;

use super::{Health, Platform};
use crate::error::{Error, ErrorKind};

/// Why a worker is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unhealthy {
    /// The check that found the problem. The platform gets it as `check`.
    pub(crate) check: Cow<'static, str>,
    pub(crate) reason: String,
}

impl Unhealthy {
    /// Tells the platform. The platform implementation limits the time.
    pub(crate) async fn report(&self, platform: &dyn Platform) {
        let health = Health::Unhealthy {
            check: &self.check,
            reason: &self.reason,
        };
        if let Some(ping) = platform.ping(health) {
            ping.await;
        }
    }
}

impl From<Unhealthy> for Error {
    fn from(unhealthy: Unhealthy) -> Self {
        let Unhealthy { check, reason } = unhealthy;
        Self::new(
            ErrorKind::Unhealthy,
            format!("this worker is broken and has stopped ({check}): {reason}"),
        )
    }
}
