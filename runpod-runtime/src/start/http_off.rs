//! Replaces HTTP mode if the feature `http` is off. The settings never choose the mode then.

use std::time::Duration;

use super::prepared::Prepared;
use crate::config::HttpSettings;
use crate::error::{Error, ErrorKind};
use crate::handler::StateCell;
use crate::worker::Handlers;

impl Prepared {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the version with the feature can fail"
    )]
    pub(crate) fn with_server(self) -> Result<Self, Error> {
        Ok(self)
    }

    #[expect(clippy::unused_self, reason = "the version with the feature uses it")]
    pub(crate) fn refuse_requests(&self, _failure: Option<&str>) {}

    #[expect(clippy::unused_self, reason = "the version with the feature uses it")]
    pub(super) fn last_answers(&self) -> Option<Duration> {
        None
    }

    #[expect(clippy::unused_async, reason = "the version with the feature waits")]
    pub(crate) async fn close_server(&self) {}

    #[expect(clippy::unused_self, reason = "the version with the feature uses it")]
    pub(super) fn run_http(
        self,
        _settings: &HttpSettings,
        _state: Option<StateCell>,
        _handlers: Handlers,
    ) -> Result<(), Error> {
        Err(Error::new(
            ErrorKind::Config,
            "serving HTTP needs the feature `http` of runpod-worker",
        ))
    }

    #[expect(clippy::unused_async, reason = "the version with the feature waits")]
    pub(super) async fn serve_http(
        self,
        settings: &HttpSettings,
        state: Option<StateCell>,
        handlers: Handlers,
    ) -> Result<(), Error> {
        self.run_http(settings, state, handlers)
    }
}
