//! Checks that a program starts in a root directory that contains only the image's files.

use std::process::{Command, Output, Stdio};

use super::context::{Complete, PROGRAM};
use crate::failure::Failure;

/// The result of the attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Started {
    Well,
    /// This machine does not allow the check, for this reason.
    NotTried(String),
}

/// Starts the program with the image's files as its whole file system and an empty environment.
pub(super) fn in_an_empty_root(context: &Complete) -> Result<Started, Failure> {
    let root = context.root();
    let mut refusals = Vec::new();
    // Root can use `chroot`. Everybody else needs a user namespace, if the system allows one.
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
        // With these messages the tools report that they never reached the program. Their exit codes do not say so
        // clearly: chroot uses 125 for its own errors and 126 or 127 for a program it cannot run, and `unshare` uses 1
        // for its own.
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
        "the program starts in an empty root directory, but its answer to --help is not a worker's. Check that this is \
         the program with #[runpod::main]. It printed:\n{}",
        text.trim()
    )))
}
