//! The soak: workers under full load with faults for a long time, their memory and descriptors watched.

use std::env;

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
    let mut command = workspace.cargo();
    command
        .args([
            "test",
            "--release",
            "--package=runpod-worker",
            "--test=chaos",
        ])
        .args([
            "--",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
            "soak::",
        ])
        .env("RUNPOD_CHAOS_SOAK_MINUTES", minutes);
    if let Some(seed) = env::var_os("RUNPOD_CHAOS_SEED") {
        command.env("RUNPOD_CHAOS_SEED", seed);
    }
    step::run(&format!("a soak of {minutes} minutes"), &mut command)
}
