//! The official Python SDK, which the conformance suite takes as its judge, in a virtual environment of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The release that `docs/protocol.md` was read off. Another one is another judge: raise it with the documentation.
const SDK_VERSION: &str = "1.12.0";

/// How the tests find the interpreter.
pub(crate) const VARIABLE: &str = "RUNPOD_TEST_PYTHON";

/// The interpreter that can import the SDK: the one that `RUNPOD_TEST_PYTHON` names, or the one of `target/sdk-venv`,
/// which is made on the first call and reused as long as it holds the right version.
pub(crate) fn with_the_sdk(workspace: &Workspace) -> Result<PathBuf, Failure> {
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let python = PathBuf::from(given);
        return match sdk_version(&python).as_deref() {
            Some(SDK_VERSION) => Ok(python),
            found => Err(Failure::new(format!(
                "{VARIABLE} names {}, from which {} can be imported; the tests need runpod {SDK_VERSION}. \
                 Unset the variable to have a virtual environment made, or install that version there.",
                python.display(),
                found.map_or_else(
                    || "no runpod".to_owned(),
                    |version| format!("runpod {version}")
                ),
            ))),
        };
    }
    let folder = workspace.target().join("sdk-venv");
    let python = folder.join("bin").join("python");
    if sdk_version(&python).as_deref() == Some(SDK_VERSION) {
        return Ok(python);
    }
    install(&folder, &python)?;
    Ok(python)
}

fn install(folder: &Path, python: &Path) -> Result<(), Failure> {
    let old_enough = capture_line(
        Command::new("python3").args(["-c", "import sys; print(sys.version_info >= (3, 10))"]),
    );
    match old_enough.as_deref() {
        Some("True") => {}
        Some(_) => {
            return Err(Failure::new(format!(
                "`python3` is older than 3.10, and runpod {SDK_VERSION} needs 3.10 or newer. \
                 Put a newer `python3` first on PATH."
            )));
        }
        None => {
            return Err(Failure::new(format!(
                "the tests compare this worker with the official Python SDK and need `python3` (3.10 or newer) on PATH; \
                 it is not there or does not run. Install Python 3, or point {VARIABLE} at an interpreter that has \
                 runpod {SDK_VERSION}."
            )));
        }
    }
    // `--clear`: what an interrupted installation left behind goes first.
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(folder);
    step::run(&format!("a virtual environment in {}", folder.display()), &mut make).map_err(|failure| {
        Failure::new(format!(
            "{failure}\nPython could not make a virtual environment; on Debian and Ubuntu that is the package python3-venv."
        ))
    })?;
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .arg(format!("runpod=={SDK_VERSION}"));
    step::run(&format!("pip install runpod=={SDK_VERSION}"), &mut pip).map_err(|failure| {
        Failure::new(format!(
            "{failure}\npip could not install the SDK. It needs a package index that it can reach (its own settings apply: \
             PIP_INDEX_URL, PIP_CERT, a proxy); or point {VARIABLE} at an interpreter that has runpod {SDK_VERSION}."
        ))
    })?;
    match sdk_version(python).as_deref() {
        Some(SDK_VERSION) => Ok(()),
        _ => Err(Failure::new(format!(
            "runpod {SDK_VERSION} was installed but cannot be imported. See what \
             `{} -c 'import runpod.serverless'` says.",
            python.display()
        ))),
    }
}

/// The version of the SDK that `python` can really import, or nothing. The import matters: an installation that was
/// interrupted leaves the SDK's own files there but not all that it depends on.
fn sdk_version(python: &Path) -> Option<String> {
    let program = "import runpod.serverless, importlib.metadata as m; print(m.version('runpod'))";
    capture_line(Command::new(python).args(["-c", program]))
}

/// The last line that `command` prints, if it succeeds. The SDK logs while it is imported, so that there may be more.
fn capture_line(command: &mut Command) -> Option<String> {
    let output = step::capture(command).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.lines().last().unwrap_or_default().trim().to_owned())
}
