//! Where things are.

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
        // Relative to where the command was typed, as cargo itself reads it.
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
            || root.join("target"),
            |given| env::current_dir().unwrap_or_default().join(given),
        );
        Self { root, target }
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Build products, and everything else that may be deleted at any time.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// An empty folder in there, for what a suite leaves behind.
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

    /// `cargo`, the one that runs this, at the root and with one target directory for all crates.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root);
        self.as_cargo_does(&mut command);
        command
    }

    /// Gives a program what it needs to call cargo, so that all crates are built in one place, and what they have in common
    /// once.
    pub(crate) fn as_cargo_does(&self, command: &mut Command) {
        for (name, _) in env::vars_os() {
            // What cargo tells this program of its own package. Build scripts that look at it (ring's) would run again,
            // with all that is built upon them, whenever cargo is called from somewhere else.
            let about_us = name.to_string_lossy();
            if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
        command
            .env("CARGO", cargo())
            .env("CARGO_TARGET_DIR", &self.target)
            // As in the workspace's Cargo.toml, for the crates outside it.
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    }
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}
