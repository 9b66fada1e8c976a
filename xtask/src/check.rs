//! What needs no test run: formatting, lints, documentation, dependencies.

use crate::clients;
use crate::dependencies;
use crate::downstream;
use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// All of them, in the order of how fast they answer.
pub(crate) fn everything(workspace: &Workspace) -> Result<String, Failure> {
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

    let dependencies = dependencies::check(workspace)?;
    Ok(format!(
        "checks: formatting, clippy, rustdoc and {dependencies} passed"
    ))
}
