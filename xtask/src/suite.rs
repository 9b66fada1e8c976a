//! Every test there is, and how many passed.

use std::path::Path;
use std::process::Command;

use crate::cargo_tools;
use crate::clients;
use crate::counted::{self, Outcome};
use crate::downstream;
use crate::fuzz;
use crate::page;
use crate::programs::Programs;
use crate::python;
use crate::soak;
use crate::step::{self, Failure};
use crate::tally::Tally;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// The tests of the workspace (with its examples and its documentation), a minute's soak, a moment of fuzzing, the tests of
/// crates outside it, the clients that other people made, and the page in a browser. To the end, so that one run shows every fault.
pub(crate) fn everything(workspace: &Workspace) -> Result<String, Failure> {
    let tools = Tools::installed(workspace)?;
    // Through cargo's own runner, which runs documentation tests too.
    let mut tests = cargo_test(workspace, &tools.python, &tools.cargo_generate);
    tests.arg("--no-fail-fast");
    let mut suites = vec![
        (
            "workspace",
            counted::run("cargo test --workspace", &mut tests)?,
        ),
        ("with all features", with_features(workspace)?),
    ];
    if suites.iter().any(|(_, outcome)| outcome.is_unexplained()) {
        return Err(Failure::new(
            "cargo test: did not build, or a test ended its process; the messages are above.",
        ));
    }
    suites.push(("soak", soak::shortly(workspace)?));
    suites.push(("fuzzing", fuzz::shortly(workspace)?));
    suites.push(("downstream crates", downstream::run(workspace)?));
    let programs = Programs::build(workspace, &tools)?;
    suites.extend(of_clients(workspace, &programs)?);
    suites.push(("page", page::run(workspace, &programs)?));
    closing(&suites)
}

/// Only the clients and the API's description.
pub(crate) fn clients(workspace: &Workspace) -> Result<String, Failure> {
    let programs = Programs::build(workspace, &Tools::installed(workspace)?)?;
    closing(&of_clients(workspace, &programs)?)
}

/// Only the page.
pub(crate) fn page(workspace: &Workspace) -> Result<String, Failure> {
    let programs = Programs::build(workspace, &Tools::installed(workspace)?)?;
    closing(&[("page", page::run(workspace, &programs)?)])
}

fn of_clients(
    workspace: &Workspace,
    programs: &Programs,
) -> Result<[(&'static str, Outcome); 4], Failure> {
    Ok([
        ("Python client", clients::python(workspace, programs)?),
        (
            "JavaScript client",
            clients::javascript(workspace, programs)?,
        ),
        ("Rust client", clients::rust(workspace, programs)?),
        ("OpenAPI", clients::described(workspace, programs)?),
    ])
}

/// The last line: the sum, and what it is made of.
fn closing(suites: &[(&str, Outcome)]) -> Result<String, Failure> {
    let mut all = Tally::default();
    let mut parts = Vec::new();
    for (name, outcome) in suites {
        all += outcome.tally;
        let broken = if outcome.is_unexplained() {
            ", and ended badly"
        } else {
            ""
        };
        parts.push(format!("{name}: {}{broken}", outcome.tally));
    }
    let closing = format!("tests: {all} ({})", parts.join("; "));
    if suites.iter().all(|(_, outcome)| outcome.well) {
        Ok(closing)
    } else {
        Err(Failure::new(closing))
    }
}

/// What is off by default, and what could behave differently beside it. The rest has been tested as users have it.
fn with_features(workspace: &Workspace) -> Result<Outcome, Failure> {
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
    let tested = |targets: &[&str]| {
        let mut tests = cargo(&["test", "--no-fail-fast"]);
        tests.args(packages).args(targets);
        let step = format!("cargo test --all-features {}", targets.join(" "));
        counted::run(&step, &mut tests)
    };
    let targets = [
        "--lib",
        "--test=schema",
        "--test=validate",
        "--test=examples",
    ];
    // Its program is a feature, and its tests start it.
    let mut local = cargo(&["test", "--no-fail-fast", "--package=runpod-local"]);
    let local = counted::run("cargo test --all-features, runpod-local", &mut local)?;
    Ok(tested(&targets)?.and(tested(&["--doc"])?).and(local))
}

/// What a developer asks for: `cargo test --workspace ARGS`, with the SDK at hand.
pub(crate) fn part(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let python = python::with_the_sdk(workspace)?;
    let cargo_generate = cargo_tools::GENERATE.installed(workspace)?;
    let step = format!("cargo test --workspace {}", arguments.join(" "));
    step::run(
        &step,
        cargo_test(workspace, &python, &cargo_generate).args(arguments),
    )?;
    println!("\nOnly what was asked for; `cargo xtask test` without arguments runs everything.");
    Ok(())
}

/// What is measured beside the SDK, which prints a table.
pub(crate) fn beside_the_sdk(workspace: &Workspace) -> Result<(), Failure> {
    let python = python::with_the_sdk(workspace)?;
    let mut bench = workspace.cargo();
    bench
        .args(["bench", "--package=runpod-worker", "--bench=beside_the_sdk"])
        .env(python::VARIABLE, python);
    step::run("cargo bench --bench beside_the_sdk", &mut bench)
}

fn cargo_test(workspace: &Workspace, python: &Path, cargo_generate: &Path) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--workspace"])
        .env(python::VARIABLE, python)
        .env(cargo_tools::GENERATE_VARIABLE, cargo_generate);
    command
}
