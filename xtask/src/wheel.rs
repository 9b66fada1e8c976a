//! Builds the Python wheel that carries the program `cargo-runpod`, and installs it as a user does.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// The program that builds the wheel, with the version that this repository uses.
const MATURIN: &str = "maturin==1.16.0";

/// The largest wheel that the Python package index accepts without a request.
const MOST_BYTES: u64 = 100 * 1024 * 1024;

pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let maturin = maturin(workspace)?;
    let folder = workspace.fresh_folder("wheel")?;
    let mut build = Command::new(maturin);
    workspace.as_cargo_does(&mut build);
    build
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(workspace.file("cargo-runpod/Cargo.toml"))
        .arg("--out")
        .arg(&folder)
        .current_dir(workspace.file("."));
    step::run("maturin build", &mut build)?;
    let wheel = only_wheel(&folder)?;
    let bytes = fs::metadata(&wheel).map_or(0, |about| about.len());
    if bytes == 0 || bytes > MOST_BYTES {
        return Err(Failure::new(format!(
            "{} has {bytes} bytes; expected 1 to {MOST_BYTES}",
            wheel.display()
        )));
    }
    let venv = folder.join("venv");
    virtual_environment(&venv)?;
    let programs = venv.join("bin");
    // Without an index, the wheel cannot depend on anything.
    let mut pip = pip(&programs, &["--no-index"]);
    step::run("pip install of the wheel", pip.arg(&wheel))?;
    let version = said(Command::new(programs.join("cargo-runpod")).arg("--version"))?;
    let expected = format!("cargo runpod {}", version_of_the_workspace(workspace)?);
    if version.trim() != expected {
        return Err(Failure::new(format!(
            "the installed program has the version {version:?}; expected {expected:?}"
        )));
    }
    let mut cargo = workspace.cargo();
    let path = env::var_os("PATH").unwrap_or_default();
    let all = [programs].into_iter().chain(env::split_paths(&path));
    let path = env::join_paths(all)
        .map_err(|error| Failure::new(format!("the target folder cannot be on PATH: {error}")))?;
    let help = said(cargo.args(["runpod", "--help"]).env("PATH", path))?;
    if !help.contains("invoke") {
        return Err(Failure::new(format!(
            "`cargo runpod --help` of the installed program does not list `invoke`:\n{help}"
        )));
    }
    println!("{}: {} KiB", wheel.display(), bytes / 1024);
    println!("installed into {}: {}", venv.display(), version.trim());
    Ok(())
}

/// Returns maturin in a virtual environment of its own, which is created on the first call.
fn maturin(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let venv = workspace.target().join("tools/maturin");
    let program = venv.join("bin/maturin");
    let wanted = MATURIN.replace("==", " ");
    let is_right = |program: &Path| {
        said(Command::new(program).arg("--version")).is_ok_and(|version| version.trim() == wanted)
    };
    if is_right(&program) {
        return Ok(program);
    }
    virtual_environment(&venv)?;
    step::run(
        &format!("pip install {MATURIN}"),
        pip(&venv.join("bin"), &[]).arg(MATURIN),
    )?;
    if !is_right(&program) {
        return Err(Failure::new(format!(
            "pip installed {MATURIN}, but {} does not run or has another version",
            program.display()
        )));
    }
    Ok(program)
}

fn virtual_environment(folder: &Path) -> Result<(), Failure> {
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(folder);
    let step = format!("a virtual environment in {}", folder.display());
    step::run(&step, &mut make).map_err(|failure| {
        Failure::new(format!(
            "{failure}\nPython could not create a virtual environment; on Debian and Ubuntu, install the package \
             python3-venv."
        ))
    })
}

fn pip(programs: &Path, more: &[&str]) -> Command {
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet"]);
    pip.arg("--disable-pip-version-check").args(more);
    pip
}

fn only_wheel(folder: &Path) -> Result<PathBuf, Failure> {
    let files = fs::read_dir(folder)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", folder.display())))?;
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|it| it == "whl");
    let mut wheels = files.flatten().map(|file| file.path()).filter(is_wheel);
    match (wheels.next(), wheels.next()) {
        (Some(wheel), None) => Ok(wheel),
        _ => Err(Failure::new(format!(
            "expected one wheel in {}",
            folder.display()
        ))),
    }
}

/// Returns the standard output of a program that must succeed.
fn said(command: &mut Command) -> Result<String, Failure> {
    let output = step::capture(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(format!(
        "`{}` failed ({}): {}",
        command.get_program().display(),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    )))
}

fn version_of_the_workspace(workspace: &Workspace) -> Result<String, Failure> {
    let path = workspace.file("Cargo.toml");
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    let version = version.map(|version| version.trim_matches('"').to_owned());
    version.ok_or_else(|| Failure::new(format!("{}: there is no version", path.display())))
}
