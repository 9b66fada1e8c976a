//! Makes the pictures in `docs/images`: an animated recording of a terminal, and a screenshot of the local endpoint's
//! page.

mod cast;
mod session;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::node;
use crate::programs::Programs;
use crate::step::{self, Failure};
use crate::workspace::Workspace;
use session::Session;

const RECORDING: &str = "docs/images/first-worker.svg";
const SCREENSHOT: &str = "docs/images/local-page.png";

/// The largest size of the recording, in bytes: browsers load it with the README.
const LARGEST: u64 = 300_000;

pub(crate) fn run(workspace: &Workspace, programs: &Programs) -> Result<(), Failure> {
    programs.need_browser()?;
    let room = workspace.fresh_folder("pictures")?;
    screenshot(workspace, programs, &room)?;
    recording(workspace, &room)
}

/// Takes the screenshot of the page, with the example `stream` behind it.
fn screenshot(workspace: &Workspace, programs: &Programs, room: &Path) -> Result<(), Failure> {
    let mut script = node::program(workspace, "node");
    programs
        .named_to(&mut script)
        .current_dir(workspace.file(node::PAGE))
        .arg("picture.js")
        .arg(workspace.file(SCREENSHOT))
        .env("RUNPOD_TEST_ARTEFACTS", room);
    step::run(SCREENSHOT, &mut script)
}

/// Records `cargo runpod new`, `dev` and `invoke`, and renders the recording.
fn recording(workspace: &Workspace, room: &Path) -> Result<(), Failure> {
    let asciinema = tools::asciinema(workspace)?;
    let svg_term = tools::svg_term(workspace)?;
    tools::tmux()?;

    step::announce("a recording of cargo runpod new, dev and invoke");
    let session = Session::new(workspace)?;
    let raw = room.join("raw.cast");
    session.record(&asciinema, &raw)?;

    // The reader's home directory, with a clone of this repository in it.
    let sources = real(&workspace.file("."))?;
    let places = [
        (path(session.home())?, "/home/you"),
        (path(&sources)?, "/home/you/runpod"),
    ];
    let cast = room.join("first-worker.cast");
    let tidied = cast::tidied(&read(&raw)?, &places)?;
    fs::write(&cast, tidied).map_err(|error| step::unwritten(&cast, &error))?;

    let picture = workspace.file(RECORDING);
    let mut render = svg_term;
    render
        .args(["--window", "--no-cursor", "--padding", "12", "--in"])
        .arg(&cast)
        .arg("--out")
        .arg(&picture);
    step::run(RECORDING, &mut render)?;
    checked(&picture)
}

/// Fails if the picture is too large or names this machine.
fn checked(picture: &Path) -> Result<(), Failure> {
    let text = read(picture)?;
    let size = text.len() as u64;
    println!("{}: {size} bytes", picture.display());
    if size > LARGEST {
        return Err(Failure::new(format!(
            "{} has {size} bytes. The limit is {LARGEST}: shorten the recording.",
            picture.display()
        )));
    }
    let host = step::capture(&mut Command::new("hostname")).map(|output| output.stdout);
    let host = String::from_utf8_lossy(&host.unwrap_or_default())
        .trim()
        .to_owned();
    if !host.is_empty() && text.contains(&host) {
        return Err(Failure::new(format!(
            "{} contains the name of this machine, {host}.",
            picture.display()
        )));
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))
}

fn real(path: &Path) -> Result<PathBuf, Failure> {
    fs::canonicalize(path)
        .map_err(|error| Failure::new(format!("cannot resolve {}: {error}", path.display())))
}

fn path(path: &Path) -> Result<&str, Failure> {
    path.to_str()
        .ok_or_else(|| Failure::new(format!("{} is not UTF-8", path.display())))
}
