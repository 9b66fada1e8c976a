//! What the workspace depends on: licences, duplicates, sources, known vulnerabilities (`deny.toml`).

use std::process::Command;

use crate::cargo_tools;
use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// For the closing line of the checks.
pub(crate) fn check(workspace: &Workspace) -> Result<&'static str, Failure> {
    let deny = cargo_tools::DENY.installed(workspace)?;
    let deny = |words: &[&str]| {
        let mut command = Command::new(&deny);
        command.current_dir(workspace.file(".")).args(words);
        command
    };
    step::run(
        "cargo deny check bans licenses sources",
        &mut deny(&["--workspace", "check", "bans", "licenses", "sources"]),
    )?;
    // The database changes without a change here, and is not everywhere to be had: that alone is no fault of a change.
    let fetched = step::capture(&mut deny(&["fetch", "db"]))?;
    if !fetched.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&fetched.stderr).trim_end());
        return Ok("cargo-deny (without advisories: their database could not be fetched)");
    }
    step::run(
        "cargo deny check advisories",
        &mut deny(&["--workspace", "--offline", "check", "advisories"]),
    )?;
    Ok("cargo-deny with advisories")
}
