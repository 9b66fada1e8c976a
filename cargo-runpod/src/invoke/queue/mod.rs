//! `cargo runpod health` and `cargo runpod purge`: an endpoint's jobs and workers, and its waiting jobs.

mod arguments;
mod table;

use std::io::{self, Write as _};
use std::process::ExitCode;

pub(crate) use arguments::{Health, Purge};

use super::arguments::Place;
use super::client::Client;
use super::code;
use super::display::Display;
use super::health;
use super::json_text;
use super::patiently::{self, Patience};
use super::project;
use super::trouble::{self, Trouble};
use crate::confirm;
use crate::failure::Failure;
use crate::threads;

pub(crate) fn health(arguments: &Health) -> Result<ExitCode, Failure> {
    let answer = block_on(async {
        let asking = Asking::at(&arguments.place).await?;
        let answer = asking
            .ask(async |client| client.health_text().await)
            .await?;
        Ok((asking, answer))
    });
    let (asking, answer) = answer?;
    let target = asking.client.target();
    let text = if arguments.json {
        json_text::compact(&answer)
    } else {
        let health: health::Health = serde_json::from_str(answer.get()).map_err(|error| {
            Failure::new(format!("{} gave an unexpected answer: {error}", target.url))
                .with_code(code::NO_ANSWER)
        })?;
        table::of(&health, target)
    };
    let text = match &target.key {
        Some(key) => key.redact(&text),
        None => text,
    };
    Ok(print(text.trim_end()))
}

pub(crate) fn purge(arguments: &Purge) -> Result<ExitCode, Failure> {
    block_on(async {
        let asking = Asking::at(&arguments.place).await?;
        let url = &asking.client.target().url;
        if !arguments.yes {
            let health = asking.ask(async |client| client.health().await).await?;
            let waiting = match health.jobs.in_queue {
                0 => {
                    eprint(&format!("no job waits in the queue of {url}"));
                    return Ok(ExitCode::SUCCESS);
                }
                1 => "the waiting job".to_owned(),
                more => format!("the {more} waiting jobs"),
            };
            let question =
                format!("Remove {waiting} from the queue of {url}? Running jobs continue.");
            if !confirm::is_confirmed(&question).await? {
                eprint("nothing was removed");
                return Ok(ExitCode::FAILURE);
            }
        }
        let removed = asking.ask(async |client| client.purge().await).await?;
        let jobs = if removed == 1 { "job" } else { "jobs" };
        Ok(print(&format!(
            "removed {removed} {jobs} from the queue of {url}"
        )))
    })
}

/// Requests to the endpoint that the flags name.
struct Asking {
    client: Client,
    display: Display,
    patience: Patience,
}

impl Asking {
    async fn at(place: &Place) -> Result<Self, Failure> {
        let client = Client::new(project::chosen(place).await?)?;
        Ok(Self {
            patience: Patience::of(place, client.target()),
            display: Display::new(true, false),
            client,
        })
    }

    async fn ask<T>(
        &self,
        attempt: impl AsyncFn(&Client) -> Result<T, Trouble>,
    ) -> Result<T, Failure> {
        let asked = patiently::ask(
            &self.display,
            self.patience,
            "asking the endpoint",
            async || attempt(&self.client).await,
        );
        asked.await.map_err(|trouble| {
            let text = trouble::of_request(&trouble, self.client.target(), None);
            Failure::new(text).with_code(code::NO_ANSWER)
        })
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    threads::runtime(&mut builder, 0)?.block_on(work)
}

fn print(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(code::READER_GONE),
    }
}

fn eprint(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
