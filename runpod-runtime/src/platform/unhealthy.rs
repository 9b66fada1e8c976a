//! Why a worker is broken, in the words of the log and of the last ping.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// Why a worker is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unhealthy {
    /// The check that found the problem. The platform gets it as `check`.
    pub(crate) check: Cow<'static, str>,
    pub(crate) reason: String,
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
