//! Installs the official Python SDK and the Python test tools into a virtual environment. The conformance suite uses
//! the SDK as the reference, and the client suite uses it as the client.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The list of packages to install, with pinned versions.
const REQUIREMENTS: &str = "tests/clients/python/requirements.txt";

/// The environment variable that tells the tests where the interpreter is.
pub(crate) const VARIABLE: &str = "RUNPOD_TEST_PYTHON";

/// Returns an interpreter that can import all required packages: the one that `RUNPOD_TEST_PYTHON` names, or the one in
/// `target/sdk-venv`. This virtual environment is created on the first call, and reused as long as it contains the
/// right versions.
pub(crate) fn with_the_sdk(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let requirements = Requirements::of(workspace)?;
    if let Some(given) = env::var_os(VARIABLE).filter(|given| !given.is_empty()) {
        let python = PathBuf::from(given);
        return match requirements.missing_from(&python) {
            None => Ok(python),
            Some(found) => Err(Failure::new(format!(
                "{VARIABLE} is set to {}, but {found}. The tests need {}. Unset the variable, and a virtual environment \
                 is created, or run `{} -m pip install -r {}`.",
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

/// The packages that the tests need.
struct Requirements {
    file: PathBuf,
    /// Each package as `name==version`, such as `runpod==1.12.0`.
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

    /// Describes what `python` lacks, or returns `None` if it has everything. The check imports the SDK, because an
    /// interrupted installation can leave the SDK's own files without its dependencies.
    fn missing_from(&self, python: &Path) -> Option<String> {
        let program = "import sys, importlib.metadata as m, runpod.serverless, pytest, schemathesis\n\
                       print(' '.join(f'{name}=={m.version(name)}' for name in sys.argv[1:]))";
        let names = self
            .wanted
            .iter()
            .map(|wanted| wanted.split("==").next().unwrap_or_default());
        match capture_line(Command::new(python).args(["-c", program]).args(names)) {
            Some(found) if found == self.wanted.join(" ") => None,
            Some(found) => Some(format!("it has {found}")),
            None => Some("it cannot import all required packages".to_owned()),
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
                "`python3` is older than 3.10, but the official SDK needs 3.10 or newer. \
                 Put a newer `python3` first on PATH.",
            ));
        }
        None => {
            return Err(Failure::new(format!(
                "the tests compare this worker with the official Python SDK and need `python3` 3.10 or newer, but \
                 `python3` is not on PATH or does not run. Install Python 3, or set {VARIABLE} to an interpreter that \
                 has the packages of {}.",
                requirements.file.display(),
            )));
        }
    }
    // `--clear` deletes the files of an interrupted installation.
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(folder);
    step::run(&format!("a virtual environment in {}", folder.display()), &mut make).map_err(|failure| {
        Failure::new(format!(
            "{failure}\nPython could not create a virtual environment; on Debian and Ubuntu, install the package \
             python3-venv."
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
            "{failure}\npip could not install the packages. Check that it can reach a package index (its own settings \
             apply, such as PIP_INDEX_URL, PIP_CERT and a proxy), or set {VARIABLE} to an interpreter that has the \
             packages of {}.",
            requirements.file.display(),
        ))
    })?;
    match requirements.missing_from(python) {
        None => Ok(()),
        Some(found) => Err(Failure::new(format!(
            "pip installed {} for {python}, but {found}. Run `{python} -c 'import runpod.serverless, pytest, \
             schemathesis'` to see the error.",
            requirements.wanted.join(", "),
            python = python.display()
        ))),
    }
}

/// Returns the last line that `command` prints if it succeeds. The SDK logs during its import, so there may be other
/// lines.
fn capture_line(command: &mut Command) -> Option<String> {
    let output = step::capture(command).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.lines().last().unwrap_or_default().trim().to_owned())
}
