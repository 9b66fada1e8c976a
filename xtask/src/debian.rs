//! What tests need of the system, from Debian's packages: only as root, and where apt-get is.

use std::process::Command;

use crate::step::{self, Failure};

/// Whether [`install`] has a chance.
pub(crate) fn may_install() -> bool {
    step::capture(Command::new("id").arg("-u"))
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

pub(crate) fn install(package: &str) -> Result<(), Failure> {
    step::run("apt-get update", Command::new("apt-get").arg("update"))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive");
    step::run(&format!("apt-get install {package}"), &mut install)
}
