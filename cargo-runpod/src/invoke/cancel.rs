//! Cancels the job because the user, or the reader of the output, has stopped waiting.

use std::time::Duration;

use tokio::time::sleep;

use super::client::Client;
use super::display::Display;
use super::report::Report;
use super::retries::Retries;
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
    let mut retries = Retries::new(retry_for, client.target().is_here);
    loop {
        let trouble = match client.cancel(id).await {
            Ok(report) => return Cancelled::Acknowledged(report),
            Err(trouble) => trouble,
        };
        let is_first = retries.is_first();
        let pause = if trouble.is_transient() {
            retries.next(&trouble)
        } else {
            None
        };
        let Some(pause) = pause else {
            return Cancelled::Failed(trouble);
        };
        if is_first {
            let told = trouble.told();
            display.note(&format!(
                "cancelling the job: the endpoint {told}; retrying"
            ));
        }
        sleep(pause).await;
    }
}
