//! `cargo runpod delete`: deletes an endpoint.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;

use crate::confirm;
use crate::failure::Failure;
use crate::invoke::signals::Signals;
use crate::invoke::{code, safe_text};
use crate::rest::{Api, Client, find};
use crate::threads;

/// Delete an endpoint, its workers and its queue
///
/// All workers stop, and jobs in the queue or in progress are cancelled. This cannot be undone.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The name or the id of the endpoint
    name: String,

    /// Delete without asking
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    api: Api,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.api)?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    let code = runtime.block_on(interruptible(arguments, &client));
    // A question may still wait for an answer.
    runtime.shutdown_background();
    code
}

async fn interruptible(arguments: &Arguments, client: &Client) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen()
        .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    let is_sent = std::cell::Cell::new(false);
    tokio::select! {
        result = delete(arguments, client, &is_sent) => result.map(|()| ExitCode::SUCCESS),
        stop = signals.next() => {
            let text = if is_sent.get() {
                "stopped before Runpod answered; the endpoint may be deleted: `cargo runpod endpoints` shows the endpoints that exist"
            } else {
                "stopped; nothing was deleted"
            };
            let _ = writeln!(io::stderr(), "\n{text}");
            Ok(ExitCode::from(stop.code()))
        }
    }
}

async fn delete(
    arguments: &Arguments,
    client: &Client,
    is_sent: &std::cell::Cell<bool>,
) -> Result<(), Failure> {
    let endpoint = find::existing(client, &arguments.name).await?;
    let (name, id) = (
        safe_text::line(&endpoint.name, 100),
        safe_text::line(&endpoint.id, 60),
    );
    if !arguments.yes {
        let count = client.workers(&endpoint.id).await?.workers.len();
        let question = format!(
            "Delete endpoint {name} ({id}) with {count} workers? Its jobs are cancelled, and this cannot be undone."
        );
        if !confirm::is_confirmed(&question).await? {
            return Err(Failure::new("nothing was deleted").with_code(code::USAGE));
        }
    }
    is_sent.set(true);
    match client.delete(&endpoint.id).await {
        Ok(()) => {}
        // Someone else has deleted it meanwhile.
        Err(error) if error.is_unknown() => {}
        Err(error) if error.is_unclear() => {
            return Err(Failure::new(format!(
                "{}\nThe endpoint may be deleted; `cargo runpod endpoints` shows the endpoints that exist",
                error.told()
            ))
            .with_code(code::NO_ANSWER));
        }
        Err(error) => return Err(error.into()),
    }
    let _ = writeln!(io::stdout(), "deleted endpoint {name} ({id})");
    Ok(())
}
