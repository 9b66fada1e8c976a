//! The clients that other people made, unmodified, and schemathesis, against the local endpoint with real workers.

use std::process::Command;

use crate::counted::{self, Outcome};
use crate::node;
use crate::programs::{Programs, without_proxy};
use crate::served::{Process, Served};
use crate::step::Failure;
use crate::workspace::Workspace;

/// The Rust client's crate.
pub(crate) const RUST: &str = "tests/clients/rust/Cargo.toml";

/// `runpod` from the Python index, with its own worker and with ours.
pub(crate) fn python(workspace: &Workspace, programs: &Programs) -> Result<Outcome, Failure> {
    let mut pytest = Command::new(&programs.python);
    pytest
        .current_dir(workspace.file("tests/clients/python"))
        .args(["-m", "pytest"])
        // Nothing is written beside the tests.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let rooms = workspace.fresh_folder("clients/python")?;
    programs
        .named_to(&mut pytest)
        .env("RUNPOD_TEST_ROOMS", rooms);
    counted::run("pytest, the official Python client", &mut pytest)
}

/// `runpod-sdk` from npm, likewise.
pub(crate) fn javascript(workspace: &Workspace, programs: &Programs) -> Result<Outcome, Failure> {
    let mut tests = node::tests(workspace, node::CLIENT);
    let rooms = workspace.fresh_folder("clients/js")?;
    programs
        .named_to(&mut tests)
        .env("RUNPOD_TEST_ROOMS", rooms);
    counted::run("node --test, the official JavaScript client", &mut tests)
}

/// `runpod-sdk` from crates.io, likewise.
pub(crate) fn rust(workspace: &Workspace, programs: &Programs) -> Result<Outcome, Failure> {
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--locked", "--no-fail-fast", "--manifest-path"])
        .arg(workspace.file(RUST));
    programs.named_to(&mut tests);
    counted::run("cargo test, the Rust client", &mut tests)
}

/// schemathesis against what the endpoint says of itself: in a worker that describes its input and output, and alone,
/// with a worker that does not.
pub(crate) fn described(workspace: &Workspace, programs: &Programs) -> Result<Outcome, Failure> {
    let room = workspace.fresh_folder("clients/schemathesis")?;
    let mut serving = Command::new(&programs.described);
    serving.args([
        "--rp_serve_api",
        "--rp_api_host=127.0.0.1",
        "--rp_api_port=0",
    ]);
    let serving = Served::start("worker", serving, &room)?;
    let mut command = schemathesis(&serving, workspace, programs);
    // An input that does not fit the worker's schema is the worker's to refuse, as on the platform: its job fails. All
    // other requests that do not fit are the second run's.
    command.args(["--exclude-checks", "negative_data_rejection"]);
    let in_a_worker = counted::run(
        "schemathesis, /openapi.json of a worker that serves",
        &mut command,
    )?;
    drop(serving);

    let mut alone = Command::new(&programs.local);
    alone.args(["--port", "0"]);
    let mut alone = Served::start("endpoint", alone, &room)?;
    let mut worker = Command::new(&programs.worker);
    worker.arg("async").envs(alone.worker_environment()?);
    let _worker = Process::start("attached-worker", worker, &room)?;
    let alone = counted::run(
        "schemathesis, /openapi.json of runpod-local",
        &mut schemathesis(&alone, workspace, programs),
    )?;
    Ok(in_a_worker.and(alone))
}

fn schemathesis(served: &Served, workspace: &Workspace, programs: &Programs) -> Command {
    let settings = workspace.file("tests/clients/schemathesis");
    let mut command = Command::new(&programs.python);
    command
        .args(["-m", "schemathesis.cli"])
        // It keeps what it has found in the folder it runs in.
        .current_dir(workspace.target().join("clients/schemathesis"))
        .arg("--config-file")
        .arg(settings.join("schemathesis.toml"))
        .args(["run", "--no-color"])
        .arg(format!("{}/openapi.json", served.url()))
        .env("PYTHONPATH", &settings)
        // Nothing is written beside the tests.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    without_proxy(&mut command);
    command
}
