//! Every test there is, and how many passed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::downstream;
use crate::python;
use crate::step::{self, Failure};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// The tests of the workspace (with its examples and its documentation), then the downstream crates.
pub(crate) fn everything(workspace: &Workspace) -> Result<String, Failure> {
    let python = python::with_the_sdk(workspace)?;
    // Through cargo's own runner, which runs documentation tests too; and to the end, so that one run shows every fault.
    let mut tests = cargo_test(workspace, &python);
    tests.arg("--no-fail-fast");
    let (ours, succeeded) = counted("cargo test --workspace", &mut tests)?;
    let (featured, featured_succeeded) = with_features(workspace)?;
    if (!succeeded && ours.failed == 0) || (!featured_succeeded && featured.failed == 0) {
        return Err(Failure::new(
            "cargo test: did not build, or a test ended its process; the messages are above.",
        ));
    }
    let theirs = downstream::run(workspace)?;

    let mut all = ours;
    all += featured;
    all += theirs;
    let closing = format!(
        "tests: {all} (workspace: {ours}; with all features: {featured}; downstream crates: {theirs})"
    );
    if succeeded && featured_succeeded && theirs.failed == 0 {
        Ok(closing)
    } else {
        Err(Failure::new(closing))
    }
}

/// What is off by default, and what could behave differently beside it. The rest has been tested as users have it.
fn with_features(workspace: &Workspace) -> Result<(Tally, bool), Failure> {
    let cargo = |arguments: &[&str]| {
        let mut command = workspace.cargo();
        command.args(arguments).arg("--all-features");
        command
    };
    // Tests that are named do not have the examples built, which they run.
    step::run(
        "cargo build --examples --all-features",
        &mut cargo(&["build", "--package=runpod-worker", "--examples"]),
    )?;
    let packages = ["--package=runpod-worker", "--package=runpod-runtime"];
    let mut all = Tally::default();
    let mut succeeded = true;
    for targets in [
        &[
            "--lib",
            "--test=schema",
            "--test=validate",
            "--test=examples",
        ][..],
        &["--doc"],
    ] {
        let mut tests = cargo(&["test", "--no-fail-fast"]);
        tests.args(packages).args(targets);
        let step = format!("cargo test --all-features {}", targets.join(" "));
        let (tally, well) = counted(&step, &mut tests)?;
        all += tally;
        succeeded &= well;
    }
    Ok((all, succeeded))
}

/// What a developer asks for: `cargo test --workspace ARGS`, with the SDK at hand.
pub(crate) fn part(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let python = python::with_the_sdk(workspace)?;
    let step = format!("cargo test --workspace {}", arguments.join(" "));
    step::run(&step, cargo_test(workspace, &python).args(arguments))?;
    println!("\nOnly what was asked for; `cargo xtask test` without arguments runs everything.");
    Ok(())
}

fn cargo_test(workspace: &Workspace, python: &Path) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--workspace"])
        .env(python::VARIABLE, python);
    command
}

/// Runs `command`, shows what it writes as it comes, and adds up the runners' closing lines.
fn counted(step: &str, command: &mut Command) -> Result<(Tally, bool), Failure> {
    step::announce(step);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| step::not_started(command, &error))?;
    let mut tally = Tally::default();
    let lost =
        |error: std::io::Error| Failure::new(format!("{step}: its output was lost: {error}"));
    if let Some(output) = child.stdout.take() {
        let mut shown = std::io::stdout().lock();
        // By bytes: a test may print what is not UTF-8.
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(lost)?;
            shown
                .write_all(&line)
                .and_then(|()| shown.write_all(b"\n"))
                .map_err(lost)?;
            if let Some(more) = Tally::of_line(&String::from_utf8_lossy(&line)) {
                tally += more;
            }
        }
    }
    let status = child.wait().map_err(lost)?;
    Ok((tally, status.success()))
}
