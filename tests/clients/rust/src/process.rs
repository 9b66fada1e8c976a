//! A program that is gone when its test is.

use std::collections::HashMap;
use std::env;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{kill_process_group, Pid, Signal};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

use crate::PATIENCE;

/// Leads a process group of its own, and has nothing of our environment but the path.
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
            // Results of a worker that was killed are kept in its room, for the next worker there: never on this machine's
            // network volume, and not for a worker of another test.
            .env("RUNPOD_RESULT_SPOOL", room.join("spool"))
            .env("TMPDIR", room)
            // The built-in checks look at the machine, not at the protocol.
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .envs(own)
            .current_dir(room)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{:?} does not start: {error}", command.as_std()));
        let (sender, more) = unbounded_channel();
        read(child.stdout.take(), sender.clone());
        read(child.stderr.take(), sender);
        Self {
            stdin: child.stdin.take().expect("it is piped"),
            child,
            lines: Vec::new(),
            more,
        }
    }

    /// The first thing that `found` makes of all lines so far.
    pub(crate) async fn wait_for<T>(&mut self, found: impl Fn(&[String]) -> Option<T>) -> T {
        loop {
            if let Some(result) = found(&self.lines) {
                return result;
            }
            let more = tokio::time::timeout(PATIENCE, self.more.recv()).await;
            let Ok(Some(line)) = more else {
                panic!("it ended or hangs, and wrote: {:#?}", self.lines);
            };
            self.lines.push(line);
        }
    }

    /// A job's handler has begun, as either worker says in its log.
    pub(crate) async fn has_started(&mut self, job: &str) {
        let says_so = |line: &String| line.contains(job) && line.contains("Started.");
        self.wait_for(|lines| lines.iter().any(says_so).then_some(()))
            .await;
    }

    /// Lets a handler go on that waits for a line on standard input.
    pub(crate) async fn line(&mut self) {
        let written = self.stdin.write_all(b"\n").await;
        written.expect("the worker reads its standard input");
    }
}

impl Drop for Process {
    /// Ends the whole group at once: how a worker ends is not what these tests are about.
    fn drop(&mut self) {
        let leader = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = leader.and_then(Pid::from_raw) {
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn read(output: Option<impl AsyncRead + Unpin + Send + 'static>, lines: UnboundedSender<String>) {
    let mut output = BufReader::new(output.expect("it is piped")).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = output.next_line().await {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
}

/// The address that an endpoint prints once it listens.
pub(crate) fn address(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| {
        let (_, after) = line.split_once("http://")?;
        let outside =
            |character: char| !(character.is_ascii_alphanumeric() || ".:".contains(character));
        // It may be the end of a clause.
        let authority = after.split(outside).next()?.trim_end_matches(['.', ':']);
        let (_, port) = authority.split_once(':')?;
        port.parse::<u16>().ok()?;
        Some(format!("http://{authority}"))
    })
}

/// The variables that `runpod-local` prints for workers, once all are there.
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

/// Each `NAME='value'`, as for a shell.
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
