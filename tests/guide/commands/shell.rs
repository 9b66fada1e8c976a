//! Runs the commands of one page, in a folder of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::claims::Claim;
use super::rewriting::{Situation, rewritten};

/// Before a command counts as hung: the tool's commands build a crate.
const PATIENCE: Duration = Duration::from_mins(8);

#[derive(Debug)]
pub(super) struct Shell {
    folder: tempfile::TempDir,
    /// Where the commands are run: in there, or further in.
    at: PathBuf,
    situation: Situation,
    served: Option<Served>,
}

/// A command that goes on while others are run.
#[derive(Debug)]
struct Served {
    child: Child,
    group: Option<Pid>,
    written: Arc<Mutex<String>>,
}

impl Shell {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for a page's commands");
        Self {
            at: folder.path().to_path_buf(),
            folder,
            situation: Situation::default(),
            served: None,
        }
    }

    /// What comes after it on the page is run in the folder that it enters.
    pub(super) fn enter(&mut self, claim: &Claim) -> Result<(), String> {
        let into = claim.line.trim_start_matches("cd ").trim();
        self.at.push(into);
        if self.at.is_dir() {
            return Ok(());
        }
        let missing = self.at.display().to_string();
        self.at = self.folder.path().to_path_buf();
        Err(format!("there is no {missing}"))
    }

    /// Runs it to its end.
    pub(super) async fn run(
        &mut self,
        claim: &Claim,
        code: i32,
        shows: &[&str],
    ) -> Result<(), String> {
        let line = rewritten(claim, &self.situation);
        let output = timeout(PATIENCE, self.command(&line).output())
            .await
            .map_err(|_| format!("{line}\ndoes not end"))?
            .map_err(|error| format!("bash does not start: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let missing: Vec<&&str> = shows.iter().filter(|part| !text.contains(**part)).collect();
        if output.status.code() != Some(code) || !missing.is_empty() {
            let served = self.served.as_ref().map(Served::written);
            return Err(format!(
                "{line}\nended with {}, expected was {code}; missing in its output: {missing:?}\n{text}{}",
                output.status,
                served.unwrap_or_default()
            ));
        }
        if let Some((_, after)) = text.split_once(r#""id":""#) {
            let id = after.split('"').next().unwrap_or_default();
            id.clone_into(&mut self.situation.id);
        }
        Ok(())
    }

    /// Starts it, in the place of the one that was served before.
    pub(super) async fn serve(&mut self, claim: &Claim, shows: &str) -> Result<(), String> {
        self.end().await;
        // The line says 8000; 0 is any free one, and it tells which.
        self.situation.port = 0;
        let line = rewritten(claim, &self.situation);
        let mut child = self
            .command(&line)
            .spawn()
            .map_err(|error| format!("bash does not start: {error}"))?;
        let stdout = child.stdout.take().expect("it is piped");
        let written = Arc::new(Mutex::new(String::new()));
        let (sender, mut lines) = mpsc::unbounded_channel();
        let shared = Arc::clone(&written);
        // To its end, so that it is never held up by a full pipe.
        tokio::spawn(async move {
            let mut reader = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                let mut written = shared.lock().unwrap_or_else(PoisonError::into_inner);
                written.push_str(&line);
                written.push('\n');
                // Nobody waits any more once it serves.
                let _ = sender.send(line);
            }
        });
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        self.served = Some(Served {
            group: id.and_then(Pid::from_raw),
            child,
            written,
        });
        let port = async {
            while let Some(said) = lines.recv().await {
                if said.contains(shows)
                    && let Some(port) = port_in(&said)
                {
                    return Some(port);
                }
            }
            None
        };
        let found = timeout(PATIENCE, port).await.ok().flatten();
        let written = self.served.as_ref().map(Served::written);
        self.situation.port = found.ok_or_else(|| {
            format!(
                "{line}\nhas not shown a line with {shows:?} and an address\n{}",
                written.unwrap_or_default()
            )
        })?;
        Ok(())
    }

    /// Ctrl-C for what is served, and what that has started.
    pub(super) async fn end(&mut self) {
        if let Some(mut served) = self.served.take() {
            served.signal(Signal::INT);
            let ended = timeout(PATIENCE, served.child.wait()).await;
            assert!(
                ended.is_ok(),
                "Ctrl-C does not end it:\n{}",
                served.written()
            );
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("bash");
        command
            .args(["-c", &format!("exec 2>&1\n{line}")])
            .current_dir(&self.at)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            // This machine's settings of workers, and what cargo tells this test of its own package.
            if ["RUNPOD_", "CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|start| text.starts_with(start))
            {
                command.env_remove(name);
            }
        }
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        command
            .env("RUNPOD_RESULT_SPOOL", "off")
            // What an example leaves among temporary files goes with the page's folder.
            .env("TMPDIR", self.folder.path())
            // Crates that the tool makes are built upon what is built already, from what is on this machine.
            .envs(target.map(|target| ("CARGO_TARGET_DIR", target)))
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
            .env("CARGO_NET_OFFLINE", "true");
        command
    }
}

impl Served {
    fn written(&self) -> String {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // It may be gone already, which is fine.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Of `http://127.0.0.1:41273` in a line.
fn port_in(line: &str) -> Option<u16> {
    let (_, after) = line.split_once("://")?;
    let (_, after) = after.split_once(':')?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
