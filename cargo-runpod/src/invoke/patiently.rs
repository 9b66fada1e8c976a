//! Repeats a request until it is answered. Only for requests that do no harm if they are repeated.

use std::time::Duration;

use tokio::time::sleep;

use super::arguments::Place;
use super::display::Display;
use super::retries::Retries;
use super::target::Target;
use super::trouble::Trouble;

#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) retry_for: Duration,
    pub(super) is_here: bool,
    /// Whether to wait for an endpoint to which there is no connection.
    pub(super) waits_for_start: bool,
}

impl Patience {
    /// Returns the patience that the user chose. If nothing listens on this machine, that does not change by itself, so
    /// the command waits for it only if the user asks.
    pub(super) fn of(place: &Place, target: &Target) -> Self {
        let asked = place.asked_retry_for();
        Self {
            retry_for: asked.unwrap_or_else(|| target.usual_retry_for()),
            is_here: target.is_here,
            waits_for_start: asked.is_some() || !target.is_here,
        }
    }
}

/// Returns the answer, or the last reason why there is none. `doing` is the purpose of the request, for a note.
pub(super) async fn ask<T>(
    display: &Display,
    patience: Patience,
    doing: &str,
    attempt: impl AsyncFn() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let mut retries = Retries::new(patience.retry_for, patience.is_here);
    loop {
        let trouble = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(trouble) => trouble,
        };
        let is_first = retries.is_first();
        let is_pointless = matches!(trouble, Trouble::NotConnected(_)) && !patience.waits_for_start;
        let pause = if trouble.is_transient() && !is_pointless {
            retries.next(&trouble)
        } else {
            None
        };
        let Some(pause) = pause else {
            return Err(trouble);
        };
        if is_first {
            let told = trouble.told();
            display.note(&format!("{doing}: the endpoint {told}; retrying"));
        }
        sleep(pause).await;
    }
}
