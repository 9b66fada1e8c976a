//! Tests the local endpoint, with real workers, through third-party clients and schemathesis.

use std::process::Command;

use crate::counted;
use crate::node;
use crate::programs::{Programs, without_proxy};
use crate::served::{Process, Served};
use crate::step::Failure;
use crate::workspace::Workspace;

/// The manifest of the suite for the Rust client.
pub(crate) const RUST: &str = "tests/clients/rust/Cargo.toml";

/// The environment variable that tells the suites which kinds of worker to attach to the endpoint. If it is not set,
/// they attach all kinds.
const ATTACHED: &str = "RUNPOD_TEST_ATTACHED";

/// Runs the named suites, or all of them if `words` names none. Without `--long`, each client is tested with one kind
/// of worker. The clients use different kinds, so a run covers all of them. With `--long`, each client is tested with
/// every kind.
pub(crate) fn run(
    workspace: &Workspace,
    programs: &Programs,
    words: &[&str],
) -> Result<(), Failure> {
    let is_long = words.contains(&"--long");
    let named: Vec<_> = words
        .iter()
        .filter(|word| !word.starts_with("--"))
        .collect();
    for suite in &named {
        if !SUITES.contains(suite) {
            return Err(Failure::new(format!(
                "clients: there is no suite `{suite}`; name one or more of {}.",
                SUITES.join(", ")
            )));
        }
    }
    for suite in SUITES {
        if !named.is_empty() && !named.contains(&&suite) {
            continue;
        }
        match suite {
            "python" => python(workspace, programs, is_long)?,
            "javascript" => javascript(workspace, programs, is_long)?,
            "rust" => rust(workspace, programs, is_long)?,
            _ => described(workspace, programs, is_long)?,
        }
    }
    Ok(())
}

/// The number of cases per operation in a short run.
const SHORT_DEPTH: &str = "20";

const SUITES: [&str; 4] = ["python", "javascript", "rust", "openapi"];

/// Tests the official Python client, `runpod`, with its own worker and with ours.
fn python(workspace: &Workspace, programs: &Programs, is_long: bool) -> Result<(), Failure> {
    let mut pytest = Command::new(&programs.python);
    pytest
        .current_dir(workspace.file("tests/clients/python"))
        .args(["-m", "pytest"])
        // Keeps Python from writing files next to the tests.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let rooms = workspace.fresh_folder("clients/python")?;
    programs
        .named_to(&mut pytest)
        .env("RUNPOD_TEST_ROOMS", rooms);
    if !is_long {
        pytest.env(ATTACHED, "ours");
    }
    counted::run("pytest, the official Python client", &mut pytest)
}

/// Tests the official JavaScript client, `runpod-sdk` on npm.
fn javascript(workspace: &Workspace, programs: &Programs, is_long: bool) -> Result<(), Failure> {
    programs.need_node()?;
    let mut tests = node::tests(workspace, node::CLIENT);
    let rooms = workspace.fresh_folder("clients/js")?;
    programs
        .named_to(&mut tests)
        .env("RUNPOD_TEST_ROOMS", rooms);
    if !is_long {
        tests.env(ATTACHED, "in-process");
    }
    counted::run("node --test, the official JavaScript client", &mut tests)
}

/// Tests the Rust client, `runpod-sdk` on crates.io.
fn rust(workspace: &Workspace, programs: &Programs, is_long: bool) -> Result<(), Failure> {
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--locked", "--no-fail-fast", "--manifest-path"])
        .arg(workspace.file(RUST));
    programs.named_to(&mut tests);
    if !is_long {
        // Skips the modules for the other kinds of worker.
        tests.args(["--", "--skip=in_process::", "--skip=ours::"]);
    }
    counted::run("cargo test, the Rust client", &mut tests)
}

/// Runs schemathesis on the API description that the endpoint serves. The first run tests an endpoint inside a worker
/// that describes its input and output. The second run tests the stand-alone endpoint with a worker that does not.
fn described(workspace: &Workspace, programs: &Programs, is_long: bool) -> Result<(), Failure> {
    let room = workspace.fresh_folder("clients/schemathesis")?;
    let mut serving = Command::new(&programs.described);
    serving.args([
        "--rp_serve_api",
        "--rp_api_host=127.0.0.1",
        "--rp_api_port=0",
    ]);
    let serving = Served::start("worker", serving, &room)?;
    let mut command = schemathesis(&serving, workspace, programs, is_long);
    // If an input does not match the worker's schema, the endpoint accepts the job and the worker fails it, as on the
    // platform. The second run tests all other requests that do not match the description.
    command.args(["--exclude-checks", "negative_data_rejection"]);
    counted::run(
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
    counted::run(
        "schemathesis, /openapi.json of runpod-local",
        &mut schemathesis(&alone, workspace, programs, is_long),
    )
}

fn schemathesis(
    served: &Served,
    workspace: &Workspace,
    programs: &Programs,
    is_long: bool,
) -> Command {
    let settings = workspace.file("tests/clients/schemathesis");
    let mut command = Command::new(&programs.python);
    command
        .args(["-m", "schemathesis.cli"])
        // schemathesis stores its findings in its working directory.
        .current_dir(workspace.target().join("clients/schemathesis"))
        .arg("--config-file")
        .arg(settings.join("schemathesis.toml"))
        .args(["run", "--no-color"])
        .arg(format!("{}/openapi.json", served.url()))
        .env("PYTHONPATH", &settings)
        // Keeps Python from writing files next to the tests.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if !is_long {
        // A long run uses the number from schemathesis.toml.
        command.args(["--max-examples", SHORT_DEPTH]);
    }
    without_proxy(&mut command);
    command
}
