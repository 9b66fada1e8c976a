//! Finds or installs Chromium, the browser in which the page is tested.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::step::{self, Failure};

/// The environment variable that tells the suite of the page where Chromium is.
pub(crate) const VARIABLE: &str = "RUNPOD_TEST_CHROMIUM";

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const HOW: &str =
    "Install Chromium from your system's packages (on Debian: `apt-get install chromium`)";

/// Returns the path of Chromium: from `RUNPOD_TEST_CHROMIUM`, or on PATH. If there is none, root installs it with
/// apt-get.
pub(crate) fn installed() -> Result<PathBuf, Failure> {
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let program = PathBuf::from(given);
        return if runs(&program) {
            Ok(program)
        } else {
            Err(Failure::new(format!(
                "{VARIABLE} is set to {}, which does not run. Set it to the path of Chromium, or unset it.",
                program.display()
            )))
        };
    }
    if let Some(program) = on_path() {
        return Ok(program);
    }
    if !debian::may_install() {
        return Err(Failure::new(format!(
            "the tests of the local endpoint's page need a browser, but none of {} is on PATH. {HOW}, or set \
             {VARIABLE} to its path.",
            NAMES.join(", ")
        )));
    }
    debian::install("chromium").map_err(|failure| {
        Failure::new(format!(
            "{failure}\nThe tests of the local endpoint's page need a browser, but none of {} is on PATH. {HOW}, or \
             set {VARIABLE} to its path.",
            NAMES.join(", ")
        ))
    })?;
    on_path().ok_or_else(|| {
        Failure::new(format!(
            "apt-get installed the package chromium, but no Chromium on PATH runs. Set {VARIABLE} to the path of one."
        ))
    })
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file() && runs(program))
}

fn runs(program: &Path) -> bool {
    step::capture(Command::new(program).arg("--version")).is_ok_and(|it| it.status.success())
}
