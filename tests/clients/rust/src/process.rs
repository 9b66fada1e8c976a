//! A program that is killed at the end of its test.

use std::collections::HashMap;
use std::env;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{kill_process_group, Pid, Signal};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

use crate::PATIENCE;

/// A program in its own process group. It gets only PATH from the suite's environment.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Vec<String>,
    more: UnboundedReceiver<String>,
}

impl Process {
    pub(crate) fn start(command: &mut Command, room: &Path) -> Self {
        let own: Vec<_> = command
            .as_std()
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        let mut child = command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", room)
            // A killed worker's results stay in the test's own folder, for the next worker in that folder. They never
            // go to this machine's network volume or to a worker of another test.
            .env("RUNPOD_RESULT_SPOOL", room.join("spool"))
            .env("TMPDIR", room)
            // The SDK's built-in checks test the machine, not the protocol.
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .envs(own)
            .current_dir(room)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{:?} could not be started: {error}", command.as_std()));
        let (sender, more) = unbounded_channel();
        read(child.stdout.take(), sender.clone());
        read(child.stderr.take(), sender);
        Self {
            stdin: child.stdin.take().expect("the stream is piped"),
            child,
            lines: Vec::new(),
            more,
        }
    }

    /// Waits until `found` returns something for all lines so far, and returns that.
    pub(crate) async fn wait_for<T>(&mut self, found: impl Fn(&[String]) -> Option<T>) -> T {
        loop {
            if let Some(result) = found(&self.lines) {
                return result;
            }
            let more = tokio::time::timeout(PATIENCE, self.more.recv()).await;
            let Ok(Some(line)) = more else {
                panic!("the program exited or hangs; it wrote: {:#?}", self.lines);
            };
            self.lines.push(line);
        }
    }

    /// Waits until the job's handler has started. Both workers log this.
    pub(crate) async fn has_started(&mut self, job: &str) {
        let says_so = |line: &String| line.contains(job) && line.contains("Started.");
        self.wait_for(|lines| lines.iter().any(says_so).then_some(()))
            .await;
    }

    /// Sends a line to standard input, which lets a waiting handler continue.
    pub(crate) async fn line(&mut self) {
        let written = self.stdin.write_all(b"\n").await;
        written.expect("the worker reads its standard input");
    }
}

impl Drop for Process {
    /// Kills the whole process group at once, because these tests do not check how a worker stops.
    fn drop(&mut self) {
        let leader = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = leader.and_then(Pid::from_raw) {
            // Fails if the program has already exited.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn read(output: Option<impl AsyncRead + Unpin + Send + 'static>, lines: UnboundedSender<String>) {
    let mut output = BufReader::new(output.expect("the command can be started")).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = output.next_line().await {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
}

/// Returns the address that an endpoint prints when it listens.
pub(crate) fn address(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| {
        let (_, after) = line.split_once("http://")?;
        let outside =
            |character: char| !(character.is_ascii_alphanumeric() || ".:".contains(character));
        // The address may be followed by a full stop or a colon.
        let authority = after.split(outside).next()?.trim_end_matches(['.', ':']);
        let (_, port) = authority.split_once(':')?;
        port.parse::<u16>().ok()?;
        Some(format!("http://{authority}"))
    })
}

/// Returns the variables that `runpod-local` prints for workers, once it has printed all of them.
pub(crate) fn environment(lines: &[String]) -> Option<HashMap<String, String>> {
    let found: HashMap<_, _> = lines.iter().flat_map(|line| variables(line)).collect();
    let needed = [
        "RUNPOD_WEBHOOK_GET_JOB",
        "RUNPOD_WEBHOOK_POST_OUTPUT",
        "RUNPOD_WEBHOOK_POST_STREAM",
        "RUNPOD_WEBHOOK_PING",
        "RUNPOD_PING_INTERVAL",
        "RUNPOD_AI_API_KEY",
        "RUNPOD_POD_ID",
    ];
    needed
        .iter()
        .all(|name| found.contains_key(*name))
        .then_some(found)
}

/// Returns each `NAME='value'` of a line of shell code.
fn variables(line: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let mut rest = line;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once("RUNPOD_")?;
        let (name, after) = after.split_once("='")?;
        let (value, after) = after.split_once('\'')?;
        rest = after;
        Some((format!("RUNPOD_{name}"), value.to_owned()))
    })
}
