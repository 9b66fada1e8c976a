//! The soak test: workers at full load with faults for a long time, with checks of their memory and descriptors.

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The environment variable with the length of the test.
pub(crate) const VARIABLE: &str = "RUNPOD_CHAOS_SOAK_MINUTES";

/// The arguments of the test program that select the soak test.
pub(crate) const TEST: [&str; 4] = ["--ignored", "--nocapture", "--test-threads=1", "soak::"];

/// The default length in minutes, for which docs/explanation/reliability.md reports results.
const MINUTES: &str = "30";

/// Runs the soak test. `--minutes N` sets its length.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let minutes = match arguments {
        [] => MINUTES,
        ["--minutes", minutes] if minutes.parse::<f64>().is_ok_and(|it| it > 0.0) => minutes,
        _ => {
            return Err(Failure::new(
                "soak: expected no arguments, or --minutes and a number such as 30 or 0.5",
            ));
        }
    };
    let mut soak = workspace.cargo();
    soak.args(["test", "--release", "--workspace", "--all-features"])
        .args(["--test=chaos", "--"])
        .args(TEST)
        .env(VARIABLE, minutes);
    step::run(&format!("a soak test of {minutes} minutes"), &mut soak)
}
