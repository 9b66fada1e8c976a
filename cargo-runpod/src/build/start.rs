//! Does a program start where there is nothing but itself?

use std::process::{Command, Output, Stdio};

use super::context::{Complete, PROGRAM};
use crate::failure::Failure;

/// What became of the attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Started {
    Well,
    /// This machine does not let us, for this reason.
    NotTried(String),
}

/// Starts it with the image's files as the whole file system and an empty environment.
pub(super) fn in_an_empty_root(context: &Complete) -> Result<Started, Failure> {
    let root = context.root();
    let mut refusals = Vec::new();
    // As root by `chroot`; as anybody else in a user namespace, where the system allows those.
    for (way, arguments) in [
        ("chroot", &[][..]),
        ("unshare", &["--user", "--map-root-user", "chroot"]),
    ] {
        let enter = |program: &str| {
            let mut command = Command::new(way);
            command
                .args(arguments)
                .arg(&root)
                .arg(program)
                .arg("--help")
                .env_clear()
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
                .stdin(Stdio::null());
            command.output()
        };
        let output = match enter(PROGRAM) {
            Ok(output) => output,
            Err(error) => {
                refusals.push(format!("`{way}` cannot be started: {error}"));
                continue;
            }
        };
        if output.status.success() {
            return answered(&output);
        }
        // Both say with these codes that the program was not even reached: 125 for chroot's own faults, 126 and 127 for a
        // program that is not there or cannot be run. `unshare` has 1 for its own.
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let is_refusal = said.starts_with("chroot: cannot change root directory")
            || said.starts_with("unshare:");
        if !is_refusal {
            return Err(Failure::new(format!(
                "the program does not start in an empty root directory ({}):\n{said}",
                output.status
            )));
        }
        refusals.push(said);
    }
    Ok(Started::NotTried(refusals.join("; ")))
}

fn answered(output: &Output) -> Result<Started, Failure> {
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("--test_input") {
        return Ok(Started::Well);
    }
    Err(Failure::new(format!(
        "the program starts in an empty root directory, but what it answers to --help is no worker's answer. Is this the \
         program with #[runpod::main]? It said:\n{}",
        text.trim()
    )))
}
