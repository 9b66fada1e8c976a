//! Runs the commands of one page in a temporary folder.

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

/// The time after which a command counts as hung. It is long because some commands of `cargo runpod` build a crate.
const PATIENCE: Duration = Duration::from_mins(8);

#[derive(Debug)]
pub(super) struct Shell {
    folder: tempfile::TempDir,
    /// The current folder of the commands: `folder` or a subfolder.
    at: PathBuf,
    situation: Situation,
    served: Option<Served>,
}

/// A command that keeps running while other commands run.
#[derive(Debug)]
struct Served {
    child: Child,
    group: Option<Pid>,
    written: Arc<Mutex<String>>,
}

impl Shell {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
        Self {
            at: folder.path().to_path_buf(),
            folder,
            situation: Situation::default(),
            served: None,
        }
    }

    /// Returns the current folder.
    pub(super) fn at(&self) -> &Path {
        &self.at
    }

    /// Enters a folder. The later commands of the page run in it.
    pub(super) fn enter(&mut self, claim: &Claim) -> Result<(), String> {
        let into = claim.line.trim_start_matches("cd ").trim();
        self.at.push(into);
        if self.at.is_dir() {
            return Ok(());
        }
        let missing = self.at.display().to_string();
        self.at = self.folder.path().to_path_buf();
        Err(format!("the folder {missing} does not exist"))
    }

    /// Runs a command until it exits.
    pub(super) async fn run(
        &mut self,
        claim: &Claim,
        code: i32,
        shows: &[&str],
    ) -> Result<(), String> {
        let line = rewritten(claim, &self.situation);
        let output = timeout(PATIENCE, self.command(&line).output())
            .await
            .map_err(|_| format!("{line}\ndoes not exit"))?
            .map_err(|error| format!("bash does not start: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let missing: Vec<&&str> = shows.iter().filter(|part| !text.contains(**part)).collect();
        if output.status.code() != Some(code) || !missing.is_empty() {
            let served = self.served.as_ref().map(Served::written);
            return Err(format!(
                "{line}\nexited with {}, expected {code}; its output does not contain {missing:?}\n{text}{}",
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

    /// Starts a command that keeps running, after stopping the previous one.
    pub(super) async fn serve(&mut self, claim: &Claim, shows: &str) -> Result<(), String> {
        self.end().await;
        // The page uses port 8000. With port 0, the command chooses a free port and prints it.
        self.situation.port = 0;
        let line = rewritten(claim, &self.situation);
        let mut child = self
            .command(&line)
            .spawn()
            .map_err(|error| format!("bash does not start: {error}"))?;
        let stdout = child.stdout.take().expect("standard output is piped");
        let written = Arc::new(Mutex::new(String::new()));
        let (sender, mut lines) = mpsc::unbounded_channel();
        let shared = Arc::clone(&written);
        // Reads all output, so that the command never blocks on a full pipe.
        tokio::spawn(async move {
            let mut reader = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                let mut written = shared.lock().unwrap_or_else(PoisonError::into_inner);
                written.push_str(&line);
                written.push('\n');
                // Nobody receives the lines once the command serves.
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
                "{line}\nprinted no line with {shows:?} and an address\n{}",
                written.unwrap_or_default()
            )
        })?;
        Ok(())
    }

    /// Sends SIGINT, as Ctrl-C does, to the command that keeps running and to its child processes.
    pub(super) async fn end(&mut self) {
        if let Some(mut served) = self.served.take() {
            served.signal(Signal::INT);
            let ended = timeout(PATIENCE, served.child.wait()).await;
            assert!(
                ended.is_ok(),
                "SIGINT does not stop the command:\n{}",
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
            // The machine's variables for workers, and cargo's variables about this test's package.
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
            // Temporary files of an example are deleted with the page's folder.
            .env("TMPDIR", self.folder.path())
            // Crates that the tool creates use the artifacts that are already built, and build offline.
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
            // The process may have exited already, which is fine.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Returns the port of an address in a line, such as `http://127.0.0.1:41273`.
fn port_in(line: &str) -> Option<u16> {
    let (_, after) = line.split_once("://")?;
    let (_, after) = after.split_once(':')?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
