//! The browser that the page is tested in: a real Chromium, from the system's packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::step::{self, Failure};

/// How the page's suite finds it.
pub(crate) const VARIABLE: &str = "RUNPOD_TEST_CHROMIUM";

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const HOW: &str =
    "Install Chromium from your system's packages (on Debian: `apt-get install chromium`)";

/// The one that `RUNPOD_TEST_CHROMIUM` names, the one on PATH, or the one that is installed here: as root, where
/// apt-get is.
pub(crate) fn installed() -> Result<PathBuf, Failure> {
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let program = PathBuf::from(given);
        return if runs(&program) {
            Ok(program)
        } else {
            Err(Failure::new(format!(
                "{VARIABLE} names {}, which does not run. Unset it, or name a Chromium.",
                program.display()
            )))
        };
    }
    if let Some(program) = on_path() {
        return Ok(program);
    }
    if !debian::may_install() {
        return Err(Failure::new(format!(
            "the local endpoint's page is tested in a real browser, and there is none of {} on PATH. {HOW}, or name one \
             with {VARIABLE}.",
            NAMES.join(", ")
        )));
    }
    debian::install("chromium").map_err(|failure| {
        Failure::new(format!(
            "{failure}\nThe local endpoint's page is tested in a real browser, and there is none of {} on PATH. {HOW}, or \
             name one with {VARIABLE}.",
            NAMES.join(", ")
        ))
    })?;
    on_path().ok_or_else(|| {
        Failure::new(format!(
            "the package chromium was installed, and still no chromium is on PATH that runs. Name one with {VARIABLE}."
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
