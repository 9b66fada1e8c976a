//! A container registry and two tools that read images, from Debian's packages: the second opinions on `cargo runpod build`.

use std::process::Command;

use crate::debian;
use crate::step::{self, Failure};

/// The programs, which have the names of their packages.
const PROGRAMS: [&str; 3] = ["docker-registry", "skopeo", "umoci"];

/// Finds the programs on PATH, or installs them: as root, where apt-get is.
pub(crate) fn installed() -> Result<(), Failure> {
    for program in PROGRAMS {
        if runs(program) {
            continue;
        }
        let how = format!(
            "the images of `cargo runpod build` are tested with {program}, which is not on PATH. Install it from your \
             system's packages (on Debian: `apt-get install {program}`)."
        );
        if !debian::may_install() {
            return Err(Failure::new(how));
        }
        debian::install(program).map_err(|failure| Failure::new(format!("{failure}\n{how}")))?;
        if !runs(program) {
            return Err(Failure::new(format!(
                "the package {program} was installed, and still {how}"
            )));
        }
    }
    Ok(())
}

fn runs(program: &str) -> bool {
    step::capture(Command::new(program).arg("--version")).is_ok_and(|it| it.status.success())
}
