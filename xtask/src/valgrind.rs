//! Valgrind, which counts the instructions of the hot path, from the system's packages.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::debian;
use crate::step::{self, Failure};

/// How the test finds it.
pub(crate) const VARIABLE: &str = "RUNPOD_TEST_VALGRIND";

const HOW: &str = "Install valgrind from your system's packages (on Debian: `apt-get install valgrind`), or name one with \
                   RUNPOD_TEST_VALGRIND.";

/// The one that `RUNPOD_TEST_VALGRIND` names, the one on PATH, or the one that is installed here: as root, where apt-get
/// is.
pub(crate) fn installed() -> Result<PathBuf, Failure> {
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let program = PathBuf::from(given);
        return found(program.clone()).ok_or_else(|| {
            Failure::new(format!(
                "{VARIABLE} names {}, which does not run. Unset it, or name a valgrind.",
                program.display()
            ))
        });
    }
    let on_path = || found(PathBuf::from("valgrind"));
    if let Some(program) = on_path() {
        return Ok(program);
    }
    let missing = "the instructions of a job are counted by valgrind, which is not on PATH.";
    if !debian::may_install() {
        return Err(Failure::new(format!("{missing} {HOW}")));
    }
    debian::install("valgrind")
        .map_err(|failure| Failure::new(format!("{failure}\n{missing} {HOW}")))?;
    on_path().ok_or_else(|| {
        Failure::new(format!(
            "the package valgrind was installed, and still {missing} {HOW}"
        ))
    })
}

fn found(program: PathBuf) -> Option<PathBuf> {
    let output = step::capture(Command::new(&program).arg("--version"));
    output
        .is_ok_and(|it| it.status.success())
        .then_some(program)
}
