//! Installs the tools for the recording into the target directory: asciinema, svg-term-cli, and tmux if it is missing.

use std::path::PathBuf;
use std::process::Command;

use crate::debian;
use crate::node;
use crate::step::{self, Failure};
use crate::workspace::Workspace;

const ASCIINEMA: &str = "asciinema==2.4.0";
const SVG_TERM: &str = "svg-term-cli@2.1.1";

/// Returns the path of asciinema, in its own virtual environment.
pub(super) fn asciinema(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let folder = workspace.target().join("asciinema-venv");
    let program = folder.join("bin").join("asciinema");
    if runs(Command::new(&program).arg("--version")) {
        return Ok(program);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    step::run(
        &format!("a virtual environment in {}", folder.display()),
        &mut make,
    )?;
    let mut pip = Command::new(folder.join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", ASCIINEMA]);
    step::run(&format!("pip install {ASCIINEMA}"), &mut pip)?;
    Ok(program)
}

/// Returns a command for svg-term.
pub(super) fn svg_term(workspace: &Workspace) -> Result<Command, Failure> {
    let folder = workspace.target().join("svg-term");
    let script = folder.join("node_modules/svg-term-cli/lib/cli.js");
    let command = || {
        let mut command = node::program(workspace, "node");
        command.arg(&script);
        command
    };
    if !runs(command().arg("--help")) {
        let mut npm = node::program(workspace, "npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(SVG_TERM);
        step::run(&format!("npm install {SVG_TERM}"), &mut npm)?;
    }
    Ok(command())
}

/// Installs tmux if it is missing and this process is root.
pub(super) fn tmux() -> Result<(), Failure> {
    if runs(Command::new("tmux").arg("-V")) {
        return Ok(());
    }
    if !debian::may_install() {
        return Err(Failure::new(
            "the recording needs tmux, which is not on PATH. Install it from your system's packages.",
        ));
    }
    debian::install("tmux")
}

fn runs(command: &mut Command) -> bool {
    step::capture(command).is_ok_and(|output| output.status.success())
}
