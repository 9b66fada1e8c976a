//! `cargo runpod logs`: prints the logs of an endpoint's workers.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::failure::Failure;
use crate::invoke::signals::{Signals, Stop};
use crate::invoke::{code, safe_text};
use crate::rest::logs::{self, Line, Wanted};
use crate::rest::{Api, Client, RestError, find};
use crate::threads;

/// Print the logs of an endpoint's workers
///
/// Without --worker, the logs of all workers are printed together, each line with the id of its worker. Runpod keeps
/// the logs of running workers only.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The name or the id of the endpoint
    name: String,

    /// Wait for further lines, and for further workers, until Ctrl-C
    #[arg(long, short)]
    follow: bool,

    /// Only this worker
    #[arg(long, value_name = "ID")]
    worker: Option<String>,

    /// Begin at a time, such as `10m` (ten minutes ago) or `2026-06-01T12:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<String>,

    /// How many earlier lines of each worker to print [default: 100]
    #[arg(long, value_name = "LINES", value_parser = clap::value_parser!(u32).range(0..=5000), conflicts_with = "since")]
    tail: Option<u32>,

    /// Only the output of the containers, or only the messages of the platform
    #[arg(long, value_name = "SOURCE", value_parser = ["container", "system"])]
    source: Option<String>,

    /// Print each line as a JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    api: Api,
}

fn since(text: &str) -> Result<String, String> {
    let time = match humantime::parse_duration(text) {
        // A time before 1970 cannot be formatted.
        Ok(ago) => SystemTime::now()
            .checked_sub(ago)
            .filter(|time| *time >= SystemTime::UNIX_EPOCH)
            .ok_or("the time is too long ago")?,
        Err(_) => humantime::parse_rfc3339(text).map_err(
            |_| "expected a duration such as 10m, or a time such as 2026-06-01T12:00:00Z",
        )?,
    };
    Ok(humantime::format_rfc3339_millis(time).to_string())
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.api)?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    let code = runtime.block_on(interruptible(arguments, &client));
    runtime.shutdown_background();
    code.map(ExitCode::from)
}

async fn interruptible(arguments: &Arguments, client: &Client) -> Result<u8, Failure> {
    let mut signals = Signals::listen()
        .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    tokio::select! {
        result = print(arguments, client) => result,
        stop = signals.next() => Ok(stop.code()),
    }
}

async fn print(arguments: &Arguments, client: &Client) -> Result<u8, Failure> {
    let endpoint = find::existing(client, &arguments.name).await?;
    let (sender, mut lines) = mpsc::channel::<Line>(256);
    let mut reading = JoinSet::new();
    let mut known = BTreeSet::new();
    loop {
        let ids = match &arguments.worker {
            Some(id) => vec![id.clone()],
            None => client
                .workers(&endpoint.id)
                .await?
                .workers
                .into_iter()
                .map(|worker| worker.id)
                .collect(),
        };
        for id in ids.into_iter().filter(|id| known.insert(id.clone())) {
            let wanted = Wanted {
                endpoint: endpoint.id.clone(),
                worker: id,
                source: arguments.source.clone(),
                tail: arguments.tail,
                since: arguments.since.clone(),
                is_followed: arguments.follow,
            };
            let (client, sender) = (client.clone(), sender.clone());
            reading.spawn(async move {
                let result = logs::read(&client, &wanted, &sender).await;
                (wanted.worker, result)
            });
        }
        if known.is_empty() && !arguments.follow {
            let _ = writeln!(
                io::stderr(),
                "endpoint {} has no workers, so there are no logs; --follow waits for workers",
                safe_text::line(&endpoint.name, 100)
            );
            return Ok(0);
        }
        let pause = sleep(Duration::from_millis(if client.is_here() {
            50
        } else {
            5000
        }));
        tokio::pin!(pause);
        loop {
            tokio::select! {
                biased;
                Some(line) = lines.recv() => {
                    if !is_written(&line, arguments.json) {
                        return Ok(Stop::ReaderGone.code());
                    }
                }
                Some(joined) = reading.join_next() => {
                    // A task ends early only if it panics.
                    if let Ok((worker, result)) = joined {
                        ended(&worker, result, arguments.worker.is_some(), &mut known)?;
                    }
                }
                () = &mut pause, if arguments.follow && arguments.worker.is_none() => break,
                else => {}
            }
            let is_over = reading.is_empty() && (!arguments.follow || arguments.worker.is_some());
            if is_over {
                while let Ok(line) = lines.try_recv() {
                    if !is_written(&line, arguments.json) {
                        return Ok(Stop::ReaderGone.code());
                    }
                }
                return Ok(0);
            }
        }
    }
}

/// Handles the end of a worker's log.
fn ended(
    worker: &str,
    result: Result<(), RestError>,
    is_asked_for: bool,
    known: &mut BTreeSet<String>,
) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.is_unknown() && is_asked_for => Err(Failure::new(format!(
            "the endpoint has no worker {}, or the worker has stopped",
            safe_text::line(worker, 60)
        ))
        .with_code(code::USAGE)),
        // The log of a new worker may not exist yet, and a worker may stop after it was listed.
        Err(error) if error.is_unknown() => {
            known.remove(worker);
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Prints a line. Returns `false` if nobody reads stdout any more.
fn is_written(line: &Line, is_json: bool) -> bool {
    let text = if is_json {
        serde_json::to_string(line).unwrap_or_default()
    } else {
        let mark = if line.source == "system" {
            " [system]"
        } else {
            ""
        };
        format!(
            "{} {}{mark} | {}",
            safe_text::line(&line.ts, 40),
            safe_text::line(&line.worker, 60),
            safe_text::line(&line.line, 100_000)
        )
    };
    writeln!(io::stdout(), "{text}").is_ok()
}

#[cfg(test)]
mod tests {
    use super::since;

    #[test]
    fn since_takes_a_duration_or_a_time() {
        assert_eq!(
            since("2026-06-01T12:00:00Z").unwrap(),
            "2026-06-01T12:00:00.000Z"
        );
        assert!(since("10m").unwrap().ends_with('Z'));
        assert!(since("yesterday").unwrap_err().contains("such as 10m"));
        assert!(since("100000y").unwrap_err().contains("too long ago"));
    }
}
