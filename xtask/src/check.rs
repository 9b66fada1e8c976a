//! What needs no test run: formatting, lints, documentation, dependencies.

use crate::clients;
use crate::downstream;
use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// All of them, in the order of how fast they answer.
pub(crate) fn everything(workspace: &Workspace) -> Result<&'static str, Failure> {
    let downstream = downstream::manifest(workspace)?;

    step::run(
        "cargo fmt --all --check",
        workspace.cargo().args(["fmt", "--all", "--check"]),
    )?;
    step::run(
        "cargo fmt --check, downstream crates",
        // By name: `--all` would go over our own crates again, as their dependencies.
        workspace
            .cargo()
            .args(["fmt", "--check", "--manifest-path"])
            .arg(&downstream)
            .args(downstream::PACKAGES.map(|package| format!("--package={package}"))),
    )?;

    step::run(
        "cargo fmt --check, the Rust client's suite",
        workspace
            .cargo()
            .args(["fmt", "--check", "--manifest-path"])
            .arg(workspace.file(clients::RUST)),
    )?;

    // `--locked`: a change of the dependencies belongs into the same commit as the lock file.
    step::run(
        "cargo clippy --workspace --all-targets",
        workspace.cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    step::run(
        "cargo clippy --workspace --all-targets --all-features",
        workspace.cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    // What the macros generate must be clean in a user's crate as well.
    step::run(
        "cargo clippy, downstream crates",
        workspace
            .cargo()
            .args(["clippy", "--workspace", "--all-targets", "--manifest-path"])
            .arg(&downstream)
            .args(["--", "-D", "warnings"]),
    )?;
    step::run(
        "cargo clippy, the Rust client's suite",
        workspace
            .cargo()
            .args(["clippy", "--all-targets", "--locked", "--manifest-path"])
            .arg(workspace.file(clients::RUST))
            .args(["--", "-D", "warnings"]),
    )?;
    step::run(
        "cargo doc",
        workspace
            .cargo()
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--all-features",
                "--locked",
            ])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;

    let deny_is_here = step::capture(workspace.cargo().args(["deny", "--version"]))
        .is_ok_and(|it| it.status.success());
    if deny_is_here {
        // The advisories are left to `cargo deny check advisories`: they need a database from the network, and they
        // change without a change here.
        step::run(
            "cargo deny check bans licenses sources",
            workspace.cargo().args([
                "deny",
                "--workspace",
                "check",
                "bans",
                "licenses",
                "sources",
            ]),
        )?;
        Ok("checks: formatting, clippy, rustdoc and cargo-deny passed")
    } else {
        Ok(
            "checks: formatting, clippy and rustdoc passed; cargo-deny was LEFT OUT, since it is not installed here \
            (`cargo install --locked cargo-deny` gives it)",
        )
    }
}
