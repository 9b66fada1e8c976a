//! Runs the programs that the checks ask. A program that hangs must not hang the command.

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

/// A driver that is out of order can make `nvidia-smi` wait without an end.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many characters of a program's message are shown.
const MOST_CHARACTERS: usize = 200;

#[derive(Debug)]
pub(super) enum Answer {
    /// The program succeeded. This is its standard output.
    Said(String),
    /// The program failed. This is the first line of its messages, otherwise its status.
    Failed(String),
    Missing,
    Hangs,
}

/// Runs a program with `input` as its standard input.
pub(super) async fn ask(program: impl AsRef<OsStr>, arguments: &[&str], input: &str) -> Answer {
    let child = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Answer::Missing,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let ended = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input may close it.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    match timeout(PATIENCE, ended).await {
        Err(_) => Answer::Hangs,
        Ok(Err(error)) => Answer::Failed(error.to_string()),
        Ok(Ok(output)) if output.status.success() => {
            Answer::Said(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout);
            let first = said.lines().find(|line| !line.trim().is_empty());
            Answer::Failed(first.map_or_else(|| output.status.to_string(), line))
        }
    }
}

/// Returns a text for the table: one line, without characters that control a terminal.
pub(super) fn line(text: &str) -> String {
    let text = text.trim().chars().take(MOST_CHARACTERS);
    text.map(|it| if it.is_control() { ' ' } else { it })
        .collect()
}

impl Answer {
    /// Describes why there is no answer.
    pub(super) fn told(&self, program: &str) -> String {
        match self {
            Self::Said(_) => format!("`{program}` answered"),
            Self::Failed(why) => format!("`{program}` failed: {why}"),
            Self::Missing => format!("there is no program `{program}` on PATH"),
            Self::Hangs => format!("`{program}` did not answer within {} s", PATIENCE.as_secs()),
        }
    }
}
