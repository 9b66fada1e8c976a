//! The clients that other people made, unmodified, and schemathesis, against the local endpoint with real workers.

use std::process::Command;

use crate::counted;
use crate::node;
use crate::programs::{Programs, without_proxy};
use crate::served::{Process, Served};
use crate::step::Failure;
use crate::workspace::Workspace;

/// The Rust client's crate.
pub(crate) const RUST: &str = "tests/clients/rust/Cargo.toml";

/// How the suites get to know which kinds of worker to attach to the endpoint: all of them if it is not set.
const ATTACHED: &str = "RUNPOD_TEST_ATTACHED";

/// Runs the suites that are named, all of them if none is. What one run attaches to the endpoint differs from client to client,
/// so that each kind of worker is met; with `--long`, each client meets all kinds.
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
                "clients: there is no `{suite}`; there are {}.",
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

/// So many cases of each operation.
const SHORT_DEPTH: &str = "20";

const SUITES: [&str; 4] = ["python", "javascript", "rust", "openapi"];

/// `runpod` from the Python index, with its own worker and with ours.
fn python(workspace: &Workspace, programs: &Programs, is_long: bool) -> Result<(), Failure> {
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
    if !is_long {
        pytest.env(ATTACHED, "ours");
    }
    counted::run("pytest, the official Python client", &mut pytest)
}

/// `runpod-sdk` from npm, likewise.
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

/// `runpod-sdk` from crates.io, likewise.
fn rust(workspace: &Workspace, programs: &Programs, is_long: bool) -> Result<(), Failure> {
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--locked", "--no-fail-fast", "--manifest-path"])
        .arg(workspace.file(RUST));
    programs.named_to(&mut tests);
    if !is_long {
        // The modules of the other kinds.
        tests.args(["--", "--skip=in_process::", "--skip=ours::"]);
    }
    counted::run("cargo test, the Rust client", &mut tests)
}

/// schemathesis against what the endpoint says of itself: in a worker that describes its input and output, and alone,
/// with a worker that does not.
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
    // An input that does not fit the worker's schema is the worker's to refuse, as on the platform: its job fails. All
    // other requests that do not fit are the second run's.
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
        // It keeps what it has found in the folder it runs in.
        .current_dir(workspace.target().join("clients/schemathesis"))
        .arg("--config-file")
        .arg(settings.join("schemathesis.toml"))
        .args(["run", "--no-color"])
        .arg(format!("{}/openapi.json", served.url()))
        .env("PYTHONPATH", &settings)
        // Nothing is written beside the tests.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if !is_long {
        // In full, as many as its settings say.
        command.args(["--max-examples", SHORT_DEPTH]);
    }
    without_proxy(&mut command);
    command
}
