//! Programs of the package registry that the checks and tests run: the ones on PATH where they are of the version that is
//! pinned here, else installed under the target folder.

use std::path::PathBuf;
use std::process::Command;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// A program, in the version that this repository is checked with.
#[derive(Debug)]
pub(crate) struct CargoTool {
    /// Of the package and of the program.
    name: &'static str,
    version: &'static str,
    /// Flags of `cargo install` that select features.
    features: &'static [&'static str],
}

/// Licences, duplicates and sources of the dependency tree.
pub(crate) const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    features: &[],
};

/// Another way to the templates of `cargo runpod new`. The newest release that builds with the toolchain of this repository.
pub(crate) const GENERATE: CargoTool = CargoTool {
    name: "cargo-generate",
    version: "0.23.14",
    features: &[],
};

/// Builds the guide as a book. Without its web server and its file watcher, which take half of its build.
pub(crate) const MDBOOK: CargoTool = CargoTool {
    name: "mdbook",
    version: "0.5.4",
    features: &["--no-default-features", "--features", "search"],
};

/// How the tests find it.
pub(crate) const GENERATE_VARIABLE: &str = "RUNPOD_TEST_CARGO_GENERATE";

impl CargoTool {
    /// Where it is, if it is there.
    pub(crate) fn found(&self, workspace: &Workspace) -> Option<PathBuf> {
        let here = self.here(workspace);
        [PathBuf::from(self.name), here]
            .into_iter()
            .find(|program| self.is(program))
    }

    /// Where it is after an installation.
    fn here(&self, workspace: &Workspace) -> PathBuf {
        workspace.target().join("tools/bin").join(self.name)
    }

    /// Where it is; installs it when it is not there, which takes some minutes, once.
    pub(crate) fn installed(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        if let Some(program) = self.found(workspace) {
            return Ok(program);
        }
        let root = workspace.target().join("tools");
        let mut install = workspace.cargo();
        install
            .args(["install", "--locked", self.name, "--version", self.version])
            .arg("--root")
            .arg(&root)
            // Beside everything else that may be deleted, and not among what the workspace is built with.
            .env("CARGO_TARGET_DIR", root.join("build"));
        install.args(self.features);
        let step = format!("cargo install {} {}", self.name, self.version);
        step::run(&step, &mut install).map_err(|failure| {
            Failure::new(format!(
                "{failure}\n{name} {version} is needed and neither on PATH nor could it be installed. Install it with \
                 `cargo install --locked {name} --version {version}`.",
                name = self.name,
                version = self.version
            ))
        })?;
        Ok(self.here(workspace))
    }

    fn is(&self, program: &PathBuf) -> bool {
        step::capture(Command::new(program).arg("--version")).is_ok_and(|output| {
            let said = String::from_utf8_lossy(&output.stdout);
            // After the name, which may be one word or two.
            output.status.success()
                && said
                    .split_whitespace()
                    .any(|word| word.trim_start_matches('v') == self.version)
        })
    }
}
