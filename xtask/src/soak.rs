//! The soak: workers under full load with faults for a long time, their memory and descriptors watched.

use std::process::Command;

use crate::counted::{self, Outcome};
use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// As long as the promise says.
const MINUTES: &str = "30";

/// `--minutes N`.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let minutes = match arguments {
        [] => MINUTES,
        ["--minutes", minutes] if minutes.parse::<f64>().is_ok_and(|it| it > 0.0) => minutes,
        _ => {
            return Err(Failure::new(
                "soak: expected nothing, or --minutes and a number such as 30 or 0.5",
            ));
        }
    };
    let mut soak = test(workspace, minutes);
    soak.arg("--release");
    step::run(
        &format!("a soak of {minutes} minutes"),
        asked_for(&mut soak),
    )
}

/// For a minute beside the tests, on what was built for them.
pub(crate) fn shortly(workspace: &Workspace) -> Result<Outcome, Failure> {
    let mut soak = test(workspace, "1");
    counted::run("a soak of a minute", asked_for(&mut soak))
}

fn test(workspace: &Workspace, minutes: &str) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--package=runpod-worker", "--test=chaos"])
        .env("RUNPOD_CHAOS_SOAK_MINUTES", minutes);
    command
}

fn asked_for(test: &mut Command) -> &mut Command {
    test.args([
        "--",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
        "soak::",
    ])
}
