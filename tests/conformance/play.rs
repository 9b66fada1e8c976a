//! Plays a case with one worker.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use crate::compare::shorten;
use crate::endpoint::Endpoint;
use crate::peer::{Peer, Programs, end_group, pid, signal};
use crate::record::{Ending, Run, When};
use crate::script::{Case, Leaving};

/// The time limit for everything that a case waits for. It is generous, because the SDK needs a second per job and
/// machines may be busy.
const DEADLINE: Duration = Duration::from_mins(3);
/// The time in which a worker must exit once nothing keeps it running.
const LEAVING: Duration = Duration::from_secs(30);
/// The time limit for a worker that possibly never exits.
const BEYOND_HELP: Duration = Duration::from_secs(5);

pub(crate) const API_KEY: &str = "rpa_conformance_key";
pub(crate) const WORKER_ID: &str = "pod1conf";

/// Starts the worker against an endpoint with the case's script, waits until it has exited, and returns what it sent.
pub(crate) async fn play(case: &Case, peer: Peer, programs: &Programs) -> Result<Run, String> {
    let room = programs
        .folder
        .join(format!("{}-{}", case.name.replace(' ', "-"), peer.name()));
    let endpoint = Endpoint::start(case).await.map_err(|e| e.to_string())?;
    let mut command = programs
        .command(peer, case.worker, &room)
        .map_err(|error| error.to_string())?;
    set_environment(&mut command, case, &endpoint);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let leader = pid(&child);
    let stdin = child.stdin.take();
    let played = tokio::select! {
        ending = see_through(case, peer, &endpoint, &mut child) => ending,
        never = write_lines(case, &endpoint, stdin) => match never {},
    };
    end_group(leader);
    played
        .map(|ending| Run {
            requests: endpoint.log().requests,
            ending,
        })
        .map_err(|error| format!("{error}\n{}", last_lines(&room)))
}

fn set_environment(command: &mut Command, case: &Case, endpoint: &Endpoint) {
    let base = format!("http://{}/v2/ep1conf", endpoint.address);
    let gpu = "gpu=NVIDIA+H100";
    for (variable, value) in [
        (
            "RUNPOD_WEBHOOK_GET_JOB",
            format!("{base}/job-take/$ID?{gpu}"),
        ),
        (
            "RUNPOD_WEBHOOK_POST_OUTPUT",
            format!("{base}/job-done/$RUNPOD_POD_ID/$ID?{gpu}"),
        ),
        (
            "RUNPOD_WEBHOOK_POST_STREAM",
            format!("{base}/job-stream/$RUNPOD_POD_ID/$ID?{gpu}"),
        ),
        (
            "RUNPOD_WEBHOOK_PING",
            format!("{base}/ping/$RUNPOD_POD_ID?{gpu}"),
        ),
        ("RUNPOD_AI_API_KEY", API_KEY.to_owned()),
        ("RUNPOD_POD_ID", WORKER_ID.to_owned()),
        ("RUNPOD_POD_HOSTNAME", format!("{WORKER_ID}-host")),
        ("RUNPOD_ENDPOINT_ID", "ep1conf".to_owned()),
    ] {
        command.env(variable, value);
    }
    for (variable, value) in &case.environment {
        match value {
            Some(value) => command.env(variable, value.replace("BASE", &base)),
            None => command.env_remove(variable),
        };
    }
}

/// Waits for all conditions of the case, makes the worker exit, and waits until it has exited.
async fn see_through(
    case: &Case,
    peer: Peer,
    endpoint: &Endpoint,
    child: &mut Child,
) -> Result<Ending, String> {
    let (ours, leaving): (&[When], _) = match peer {
        Peer::Sdk => (&[], case.leaving_sdk),
        Peer::Ours => (&case.until_ours, case.leaving_ours),
    };
    let conditions = case.until.iter().chain(ours);
    let all = async {
        for when in conditions.clone() {
            endpoint.wait(when).await;
        }
    };
    let waiting = |what: &str| {
        let log = endpoint.log();
        let open: Vec<_> = conditions
            .clone()
            .filter(|when| !when.holds(&log))
            .collect();
        format!("{what} while the case was still waiting for {open:?}")
    };
    tokio::select! {
        biased;
        done = timeout(DEADLINE, all) => {
            done.map_err(|_| waiting("nothing more happened"))?;
        }
        status = child.wait() => {
            let status = status.map_err(|error| error.to_string())?;
            return Err(waiting(&format!("the worker exited ({status})")));
        }
    }
    match leaving {
        Leaving::Terminated => signal(child, Signal::TERM),
        Leaving::Interrupted => signal(child, Signal::INT),
        Leaving::ByItself | Leaving::ByItselfOrKilled => {}
    }
    endpoint.end();
    let given = match leaving {
        Leaving::ByItselfOrKilled => BEYOND_HELP,
        _ => LEAVING,
    };
    let code = match timeout(given, child.wait()).await {
        Ok(status) => status.map_err(|error| error.to_string())?.code(),
        Err(_) if leaving == Leaving::ByItselfOrKilled => None,
        Err(_) => return Err(format!("the worker does not exit ({leaving:?})")),
    };
    let was_told = matches!(leaving, Leaving::Terminated | Leaving::Interrupted);
    Ok(Ending {
        by_itself: !was_told,
        code,
    })
}

/// Writes a line for each waiting handler, which then continues. The worker's standard input stays open until the
/// worker exits.
async fn write_lines(
    case: &Case,
    endpoint: &Endpoint,
    stdin: Option<ChildStdin>,
) -> std::convert::Infallible {
    let mut stdin = stdin.expect("standard input is a pipe");
    for when in &case.lines {
        endpoint.wait(when).await;
        // An error means that the worker has exited, which another part of the suite notices.
        let _ = stdin.write_all(b"go on\n").await;
    }
    std::future::pending().await
}

/// Returns the worker's last log lines, for the message about a failed run.
fn last_lines(room: &Path) -> String {
    let output = fs::read(room.join("output.log")).unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    let lines: Vec<String> = output.lines().map(|line| shorten(line, 200)).collect();
    let last = &lines[lines.len().saturating_sub(8)..];
    format!("    | {}", last.join("\n    | "))
}
