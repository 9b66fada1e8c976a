//! `cargo runpod hub-test`: runs the tests of `.runpod/tests.json` with the worker at a local endpoint, as the Runpod Hub
//! does on its machines.

mod arguments;
mod case;
mod file;
mod worker;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

pub(crate) use arguments::Arguments;

use case::Outcome;
use file::{Case, File};
use worker::Running;

use super::client::Client;
use super::target;
use crate::failure::Failure;
use crate::threads;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let worker = arguments.selection.worker()?;
    let path = arguments
        .file
        .clone()
        .unwrap_or_else(|| worker.folder().join(".runpod/tests.json"));
    let file = File::read(&path)?;
    let chosen = file.chosen(arguments.name.as_deref())?;
    let program = worker::build(&worker, arguments.release)?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    runtime.block_on(async {
        let mut running = Running::start(&program, &worker, &file, arguments.verbose).await?;
        let client = Client::new(target::here(&running.url())?)?;
        let mut failed = 0;
        for case in &chosen {
            let outcome = tokio::select! {
                outcome = case::run(&client, case) => outcome?,
                stopped = running.stopped() => return Err(stopped),
            };
            failed += usize::from(!outcome.is_passed());
            print(&line(case, &outcome));
        }
        let total = chosen.len();
        print(&format!("\n{} of {total} tests passed", total - failed));
        running.shut_down().await;
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

/// Returns the line of a test, and the lines of its error.
fn line(case: &Case, outcome: &Outcome) -> String {
    let name = super::safe_text::line(&case.name, 100);
    match outcome {
        Outcome::Passed(took) => format!("ok       {name} ({} ms)", took.as_millis()),
        Outcome::TimedOut => format!(
            "timeout  {name}: the job did not finish within {} ms and was cancelled; if it needs more time, raise `timeout`",
            case.timeout
        ),
        Outcome::Failed(error) => {
            let mut text = format!("failed   {name}");
            for line in error.lines() {
                // Writing to a string cannot fail.
                let _ = write!(text, "\n         {line}");
            }
            text
        }
    }
}

fn print(text: &str) {
    // If nobody reads stdout, the exit code still reports the result.
    let _ = writeln!(io::stdout(), "{text}");
}
