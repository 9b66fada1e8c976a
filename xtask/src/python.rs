//! The official Python SDK, which the conformance suite takes as its judge and the client suite as its client, in a
//! virtual environment of its own, with the tools that test in Python.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// What is installed, each release pinned.
const REQUIREMENTS: &str = "tests/clients/python/requirements.txt";

/// How the tests find the interpreter.
pub(crate) const VARIABLE: &str = "RUNPOD_TEST_PYTHON";

/// The interpreter that can import all of it: the one that `RUNPOD_TEST_PYTHON` names, or the one of `target/sdk-venv`,
/// which is made on the first call and reused as long as it holds the right versions.
pub(crate) fn with_the_sdk(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let requirements = Requirements::of(workspace)?;
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let python = PathBuf::from(given);
        return match requirements.missing_from(&python) {
            None => Ok(python),
            Some(found) => Err(Failure::new(format!(
                "{VARIABLE} names {}, and there: {found}. The tests need {}. Unset the variable to have a virtual \
                 environment made, or run `{} -m pip install -r {}`.",
                python.display(),
                requirements.wanted.join(", "),
                python.display(),
                requirements.file.display(),
            ))),
        };
    }
    let folder = workspace.target().join("sdk-venv");
    let python = folder.join("bin").join("python");
    if requirements.missing_from(&python).is_none() {
        return Ok(python);
    }
    install(&folder, &python, &requirements)?;
    Ok(python)
}

/// What has to be there.
struct Requirements {
    file: PathBuf,
    /// As in `runpod==1.12.0`.
    wanted: Vec<String>,
}

impl Requirements {
    fn of(workspace: &Workspace) -> Result<Self, Failure> {
        let file = workspace.file(REQUIREMENTS);
        let text = fs::read_to_string(&file)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
        let wanted = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        Ok(Self { file, wanted })
    }

    /// What `python` has instead, in words. That the SDK can be imported matters: an installation that was interrupted
    /// leaves the SDK's own files there but not all that it depends on.
    fn missing_from(&self, python: &Path) -> Option<String> {
        let program = "import sys, importlib.metadata as m, runpod.serverless, pytest, schemathesis\n\
                       print(' '.join(f'{name}=={m.version(name)}' for name in sys.argv[1:]))";
        let names = self
            .wanted
            .iter()
            .map(|wanted| wanted.split("==").next().unwrap_or_default());
        match capture_line(Command::new(python).args(["-c", program]).args(names)) {
            Some(found) if found == self.wanted.join(" ") => None,
            Some(found) => Some(format!("only {found} can be imported")),
            None => Some("not all of it can be imported".to_owned()),
        }
    }
}

fn install(folder: &Path, python: &Path, requirements: &Requirements) -> Result<(), Failure> {
    let old_enough = capture_line(
        Command::new("python3").args(["-c", "import sys; print(sys.version_info >= (3, 10))"]),
    );
    match old_enough.as_deref() {
        Some("True") => {}
        Some(_) => {
            return Err(Failure::new(
                "`python3` is older than 3.10, and the official SDK needs 3.10 or newer. \
                 Put a newer `python3` first on PATH.",
            ));
        }
        None => {
            return Err(Failure::new(format!(
                "the tests compare this worker with the official Python SDK and need `python3` (3.10 or newer) on PATH; \
                 it is not there or does not run. Install Python 3, or point {VARIABLE} at an interpreter that has \
                 what {} names.",
                requirements.file.display(),
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
        "-r",
    ])
    .arg(&requirements.file);
    let step = format!("pip install {}", requirements.wanted.join(" "));
    step::run(&step, &mut pip).map_err(|failure| {
        Failure::new(format!(
            "{failure}\npip could not install it. It needs a package index that it can reach (its own settings apply: \
             PIP_INDEX_URL, PIP_CERT, a proxy); or point {VARIABLE} at an interpreter that has what {} names.",
            requirements.file.display(),
        ))
    })?;
    match requirements.missing_from(python) {
        None => Ok(()),
        Some(found) => Err(Failure::new(format!(
            "{} was installed, but {found}. See what `{} -c 'import runpod.serverless, pytest, schemathesis'` says.",
            requirements.wanted.join(", "),
            python.display()
        ))),
    }
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
