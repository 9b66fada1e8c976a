//! The folders of the workspace, and the way to call cargo in it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::Failure;

#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    pub(crate) fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask is a folder of the workspace")
            .to_path_buf();
        // A relative path is relative to the current directory, as in cargo itself.
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
            || root.join("target"),
            |given| env::current_dir().unwrap_or_default().join(given),
        );
        Self { root, target }
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Returns the folder for build products and other files that may be deleted at any time.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Creates an empty folder in the target folder, for the files that a suite leaves behind.
    pub(crate) fn fresh_folder(&self, path: &str) -> Result<PathBuf, Failure> {
        let folder = self.target.join(path);
        let emptied = match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(&folder),
        };
        emptied
            .map(|()| folder.clone())
            .map_err(|error| Failure::new(format!("cannot empty {}: {error}", folder.display())))
    }

    /// Returns a command for the cargo that runs this program, at the root of the workspace and with one target folder
    /// for all crates.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root);
        self.as_cargo_does(&mut command);
        command
    }

    /// Sets the variables with which a program calls cargo, so that all crates share one target folder and common
    /// dependencies are built once.
    pub(crate) fn as_cargo_does(&self, command: &mut Command) {
        for (name, _) in env::vars_os() {
            // Cargo sets these variables for this program's own package. Build scripts that read them, such as the
            // one of ring, would run again whenever cargo is called from another program, and cargo would rebuild
            // everything that depends on them.
            let about_us = name.to_string_lossy();
            if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
        command
            .env("CARGO", cargo())
            .env("CARGO_TARGET_DIR", &self.target)
            // The crates outside the workspace get the same setting as in the workspace's Cargo.toml.
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    }
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}
