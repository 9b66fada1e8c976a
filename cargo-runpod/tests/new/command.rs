//! Runs the command as a process in an empty folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use snapbox::cmd::Command;
use tempfile::TempDir;

/// An empty temporary folder.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn empty() -> Self {
        Self(TempDir::new().expect("a temporary folder can be created"))
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("the path has a parent"))
            .expect("the folder can be created");
        fs::write(path, text).expect("the file can be written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect(path)
    }

    /// Returns the names of its entries, including hidden ones.
    pub(crate) fn entries(&self) -> Vec<String> {
        entries(self.0.path())
    }

    /// Returns `cargo runpod new` with these arguments, in this folder.
    pub(crate) fn new_worker(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        new_worker(arguments).current_dir(self.0.path())
    }
}

/// Returns `cargo runpod new` with these arguments.
pub(crate) fn new_worker(arguments: &[impl AsRef<OsStr>]) -> Command {
    // Cargo calls it in this way.
    Command::new(env!("CARGO_BIN_EXE_cargo-runpod"))
        .args(["runpod", "new"])
        .args(arguments)
        .env("NO_COLOR", "1")
}

pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| {
            entry
                .expect("the folder can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}
