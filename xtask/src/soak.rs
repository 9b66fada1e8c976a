//! The soak: workers under full load with faults for a long time, their memory and descriptors watched.

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// How the test gets to know how long it takes.
pub(crate) const VARIABLE: &str = "RUNPOD_CHAOS_SOAK_MINUTES";

/// What its program is started with.
pub(crate) const TEST: [&str; 4] = ["--ignored", "--nocapture", "--test-threads=1", "soak::"];

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
    let mut soak = workspace.cargo();
    soak.args(["test", "--release", "--workspace", "--all-features"])
        .args(["--test=chaos", "--"])
        .args(TEST)
        .env(VARIABLE, minutes);
    step::run(&format!("a soak of {minutes} minutes"), &mut soak)
}
