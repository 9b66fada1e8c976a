//! What a program prints when it is started with one flag.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::group::Group;

/// A program that takes longer does not know the flag.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer that is longer, in bytes, is none.
const MOST: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: Vec<u8>,
    pub(super) is_success: bool,
}

/// None if the program could not be started, did not end in time, prints too much, or `ended` came first. No process is left
/// in any case.
pub(super) async fn of(program: &Path, flag: &str, ended: impl Future) -> Option<Answer> {
    let mut command = Command::new(program);
    command
        .arg(flag)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut asked = Group::spawn(&mut command).await.ok()?;
    let mut out = asked.child().stdout.take()?.take(MOST);
    let mut text = Vec::new();
    let has_answered = tokio::select! {
        // One that prints without an end does not know the flag either.
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
