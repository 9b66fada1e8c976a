//! `cargo runpod job`: shows, follows and cancels jobs that were submitted before.

mod arguments;

use std::process::ExitCode;

pub(crate) use arguments::Arguments;

use arguments::{Cancel, Command, Of};

use super::client::Client;
use super::code;
use super::display::Display;
use super::follow::{Following, Halt};
use super::json_text;
use super::output::Output;
use super::patiently::{self, Patience};
use super::project;
use super::report::{Report, Status};
use super::safe_text;
use super::signals::{Signals, Stop};
use super::trouble;
use super::verdict;
use crate::failure::Failure;
use crate::threads;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    let code = runtime.block_on(async {
        match &arguments.command {
            Command::Status(of) => status(of).await,
            Command::Stream(of) => stream(of).await,
            Command::Cancel(arguments) => cancel(arguments).await,
        }
    });
    // A thread may hang in a write if the reader has paused.
    runtime.shutdown_background();
    code.map(ExitCode::from)
}

async fn status(of: &Of) -> Result<u8, Failure> {
    let client = Client::new(project::chosen(&of.place).await?)?;
    let display = Display::new(true, of.printing.verbose);
    let output = Output::new(&of.printing, &display)?;
    let asked = patiently::ask(
        &display,
        Patience::of(&of.place, client.target()),
        "reading the job's state",
        async || client.status(&of.id).await,
    );
    let report = asked.await.map_err(|trouble| {
        let text = trouble::of_request(&trouble, client.target(), Some(&of.id));
        Failure::new(text).with_code(code::NO_ANSWER)
    })?;
    let printed = printed(&of.id, &report, &output).await?;
    if !of.printing.json {
        display.line(&told(&of.id, &report));
    }
    Ok(printed.unwrap_or_else(|| {
        if report.status.is_final() {
            output.code(&report)
        } else {
            code::UNFINISHED
        }
    }))
}

async fn stream(of: &Of) -> Result<u8, Failure> {
    let client = Client::new(project::chosen(&of.place).await?)?;
    let display = Display::new(of.printing.json, of.printing.verbose);
    let output = Output::new(&of.printing, &display)?;
    let following = Following {
        client: &client,
        id: &of.id,
        display: &display,
        output: &output,
        retry_for: Patience::of(&of.place, client.target()).retry_for,
    };
    let mut signals = Signals::listen()
        .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    let ended = tokio::select! {
        ended = following.to_the_end() => ended,
        stop = signals.next() => {
            display.clear();
            display.line(&format!("job {} continues", of.id));
            return Ok(stop.code());
        }
    };
    display.clear();
    let report = match ended {
        Ok(report) => report,
        Err(Halt::ReaderGone) => return Ok(code::READER_GONE),
        Err(Halt::Failure(failure)) => return Err(failure),
    };
    if let Some(code) = printed(&of.id, &report, &output).await? {
        return Ok(code);
    }
    match verdict::told(&of.id, &report) {
        // The JSON document contains the error.
        Some(_) if of.printing.json => {}
        Some(_) => display.line(&told(&of.id, &report)),
        None => display.ended(&verdict::summary(&of.id, &report)),
    }
    Ok(output.code(&report))
}

async fn cancel(arguments: &Cancel) -> Result<u8, Failure> {
    let id = &arguments.id;
    let client = Client::new(project::chosen(&arguments.place).await?)?;
    let display = Display::new(true, false);
    let asked = patiently::ask(
        &display,
        Patience::of(&arguments.place, client.target()),
        "cancelling the job",
        async || client.cancel(id).await,
    );
    let report = asked.await.map_err(|trouble| {
        let text = trouble::of_request(&trouble, client.target(), Some(id));
        Failure::new(text).with_code(code::NO_ANSWER)
    })?;
    display.line(&match &report.status {
        Status::Cancelled => format!("job {id} was cancelled"),
        _ => format!(
            "job {id} had already finished: {}",
            verdict::summary(id, &report)
        ),
    });
    Ok(0)
}

/// Prints the result. Returns an exit code if nobody reads it.
async fn printed(id: &str, report: &Report, output: &Output<'_>) -> Result<Option<u8>, Failure> {
    match output.result(id, report).await.map_err(Halt::from) {
        Ok(()) => Ok(None),
        Err(Halt::ReaderGone) => Ok(Some(Stop::ReaderGone.code())),
        Err(Halt::Failure(failure)) => Err(failure),
    }
}

/// Returns the job's state, or its error, for stderr.
fn told(id: &str, report: &Report) -> String {
    match &report.status {
        Status::Cancelled => format!("error: job {id} was cancelled"),
        Status::InProgress => {
            let summary = verdict::summary(id, report);
            match &report.output {
                Some(update) => {
                    let update = safe_text::line(&json_text::compact(update), 1000);
                    format!("{summary}: progress {update}")
                }
                None => summary,
            }
        }
        _ => verdict::told(id, report).unwrap_or_else(|| verdict::summary(id, report)),
    }
}
