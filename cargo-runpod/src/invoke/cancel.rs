//! Cancels the job because the user, or the reader of the output, has stopped waiting.

use std::time::Duration;

use super::client::Client;
use super::display::Display;
use super::patiently::{self, Patience};
use super::report::Report;
use super::signals::Signals;
use super::trouble::Trouble;

#[derive(Debug)]
pub(super) enum Cancelled {
    /// The job is cancelled, or had already finished.
    Acknowledged(Report),
    Failed(Trouble),
    /// A second signal came before the endpoint answered.
    Abandoned,
}

pub(super) async fn cancel(
    client: &Client,
    id: &str,
    display: &Display,
    signals: &mut Signals,
    retry_for: Duration,
) -> Cancelled {
    tokio::select! {
        cancelled = until_acknowledged(client, id, display, retry_for) => cancelled,
        _ = signals.next() => Cancelled::Abandoned,
    }
}

async fn until_acknowledged(
    client: &Client,
    id: &str,
    display: &Display,
    retry_for: Duration,
) -> Cancelled {
    let patience = Patience {
        retry_for,
        is_here: client.target().is_here,
        waits_for_start: true,
    };
    let doing = "cancelling the job";
    let asked = patiently::ask(display, patience, doing, async || client.cancel(id).await);
    match asked.await {
        Ok(report) => Cancelled::Acknowledged(report),
        Err(trouble) => Cancelled::Failed(trouble),
    }
}
