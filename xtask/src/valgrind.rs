//! Finds or installs valgrind, which counts the instructions of the hot path.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::debian;
use crate::step::{self, Failure};

/// The environment variable that tells the test where valgrind is.
pub(crate) const VARIABLE: &str = "RUNPOD_TEST_VALGRIND";

const HOW: &str = "Install valgrind from your system's packages (on Debian: `apt-get install valgrind`), or set \
                   RUNPOD_TEST_VALGRIND to its path.";

/// Returns the path of valgrind: from `RUNPOD_TEST_VALGRIND`, or on PATH. If there is none, root installs it with
/// apt-get.
pub(crate) fn installed() -> Result<PathBuf, Failure> {
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let program = PathBuf::from(given);
        return found(program.clone()).ok_or_else(|| {
            Failure::new(format!(
                "{VARIABLE} is set to {}, which does not run. Set it to the path of valgrind, or unset it.",
                program.display()
            ))
        });
    }
    let on_path = || found(PathBuf::from("valgrind"));
    if let Some(program) = on_path() {
        return Ok(program);
    }
    let missing = "valgrind, which counts the instructions per job, is not on PATH.";
    if !debian::may_install() {
        return Err(Failure::new(format!("{missing} {HOW}")));
    }
    debian::install("valgrind")
        .map_err(|failure| Failure::new(format!("{failure}\n{missing} {HOW}")))?;
    on_path().ok_or_else(|| {
        Failure::new(format!(
            "apt-get installed the package valgrind, but {missing} {HOW}"
        ))
    })
}

fn found(program: PathBuf) -> Option<PathBuf> {
    let output = step::capture(Command::new(&program).arg("--version"));
    output
        .is_ok_and(|it| it.status.success())
        .then_some(program)
}
