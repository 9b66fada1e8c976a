//! Programs from crates.io that the checks and tests run. A program on PATH is used if it has the version that is
//! pinned here. Otherwise, that version is installed under the target folder.

use std::path::PathBuf;
use std::process::Command;

use crate::step::{self, Failure};
use crate::workspace::Workspace;

/// A program, with the version that this repository uses.
#[derive(Debug)]
pub(crate) struct CargoTool {
    /// The name of the package, and of its program.
    name: &'static str,
    version: &'static str,
    /// Flags of `cargo install` that select features.
    features: &'static [&'static str],
    profile: Profile,
}

/// How a program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    /// Optimised programs would take twice as long to build, and most programs run only for seconds.
    Debug,
    /// For programs that take part in a benchmark.
    Release,
}

/// Checks licences, duplicates and sources in the dependency tree.
pub(crate) const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    features: &[],
    profile: Profile::Debug,
};

/// Creates workers from the templates of `cargo runpod new`. This is the newest release that builds with our toolchain.
pub(crate) const GENERATE: CargoTool = CargoTool {
    name: "cargo-generate",
    version: "0.23.14",
    features: &[],
    profile: Profile::Debug,
};

/// Builds the guide as a book. Its web server and file watcher are left out, because they take half of the build time.
pub(crate) const MDBOOK: CargoTool = CargoTool {
    name: "mdbook",
    version: "0.5.4",
    features: &["--no-default-features", "--features", "search"],
    profile: Profile::Debug,
};

/// An S3 server that checks signatures and keeps objects as files, for the tests of uploads. This is the newest release
/// that builds with our toolchain.
pub(crate) const S3: CargoTool = CargoTool {
    name: "s3s-fs",
    version: "0.14.1",
    features: &["--features", "binary"],
    profile: Profile::Debug,
};

/// The same S3 server for the benchmark of uploads, which must not wait for it.
pub(crate) const FAST_S3: CargoTool = CargoTool {
    profile: Profile::Release,
    ..S3
};

/// The environment variable that tells the tests where the S3 server is.
pub(crate) const S3_VARIABLE: &str = "RUNPOD_TEST_S3";

/// The environment variable that tells the tests where cargo-generate is.
pub(crate) const GENERATE_VARIABLE: &str = "RUNPOD_TEST_CARGO_GENERATE";

impl CargoTool {
    /// Returns the path of the program if the right version is installed.
    pub(crate) fn found(&self, workspace: &Workspace) -> Option<PathBuf> {
        let here = self.here(workspace);
        let on_path = PathBuf::from(self.name);
        // A program on PATH may have been built without optimisations.
        let places = match self.profile {
            Profile::Debug => vec![on_path, here],
            Profile::Release => vec![here],
        };
        places.into_iter().find(|program| self.is(program))
    }

    /// Returns the path to which [`Self::installed`] installs the program.
    fn here(&self, workspace: &Workspace) -> PathBuf {
        self.root(workspace).join("bin").join(self.name)
    }

    fn root(&self, workspace: &Workspace) -> PathBuf {
        let tools = workspace.target().join("tools");
        match self.profile {
            Profile::Debug => tools,
            Profile::Release => tools.join("release"),
        }
    }

    /// Returns the path of the program, and installs the program first if needed. The installation takes some minutes.
    pub(crate) fn installed(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        if let Some(program) = self.found(workspace) {
            return Ok(program);
        }
        let root = self.root(workspace);
        let mut install = workspace.cargo();
        install
            .args(["install", "--locked", self.name, "--version", self.version])
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            .arg("--root")
            .arg(&root)
            // The programs go into the target folder, which may be deleted, but separate from the workspace's own
            // build files.
            .env("CARGO_TARGET_DIR", root.join("build"));
        install.args(self.features);
        if self.profile == Profile::Debug {
            install.arg("--debug");
        }
        let step = format!("cargo install {} {}", self.name, self.version);
        step::run(&step, &mut install).map_err(|failure| {
            Failure::new(format!(
                "{failure}\n{name} {version} is not on PATH and could not be installed. Install it with \
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
            // The version follows the name, which may be one word or two.
            output.status.success()
                && said
                    .split_whitespace()
                    .any(|word| word.trim_start_matches('v') == self.version)
        })
    }
}
