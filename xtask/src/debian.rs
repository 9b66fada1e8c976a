//! Installs Debian packages that the tests need. This requires root and apt-get.

use std::process::Command;

use crate::step::{self, Failure};

/// Returns whether this process is root, without which [`install`] fails.
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
