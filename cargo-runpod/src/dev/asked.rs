//! Runs a program with a single flag and reads what it prints.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use super::group::Group;
use super::program::Program;

/// The time limit. A program that takes longer does not know the flag.
const PATIENCE: Duration = Duration::from_secs(10);

/// The maximum length of an answer in bytes. A longer text does not count as an answer.
const MOST: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: Vec<u8>,
    pub(super) is_success: bool,
}

/// Runs `program flag` and returns its answer. Returns `None` if the program cannot be started, takes too long or
/// prints too much, or if `ended` resolves first. In every case no process is left.
pub(super) async fn of(program: &Program, flag: &str, ended: impl Future) -> Option<Answer> {
    let mut command = program.command();
    command
        .arg(flag)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut asked = Group::spawn(&mut command).await.ok()?;
    let mut out = asked.child().stdout.take()?.take(MOST);
    let mut text = Vec::new();
    let has_answered = tokio::select! {
        // A program that prints endlessly does not know the flag either.
        read = out.read_to_end(&mut text) => read.is_ok() && out.limit() > 0,
        () = tokio::time::sleep(PATIENCE) => false,
        _ = ended => false,
    };
    if !has_answered {
        asked.kill_all();
    }
    let status = asked.ended().await.ok()?;
    has_answered.then_some(Answer {
        text,
        is_success: status.success(),
    })
}
