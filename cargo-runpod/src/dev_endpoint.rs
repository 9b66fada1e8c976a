//! The endpoint of a running `cargo runpod dev`, described by a file in the target folder of its project. Other
//! commands find the endpoint through this file if you call them in the same project.
//!
//! Each run keeps the file in its own folder and removes it at the end. A killed run leaves its file behind. A reader
//! therefore asks the endpoint at that address which run it belongs to ([`Owner`]), and trusts only a matching answer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::selection::Worker;

/// The name of a folder in cargo's target folder. Each run has a folder of its own in it.
pub(crate) const RUNS: &str = "runpod-dev";

const FILE: &str = "endpoint.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DevEndpoint {
    /// `http://127.0.0.1:8000`
    pub(crate) url: String,
    /// The process id of `cargo runpod dev`.
    pub(crate) pid: u32,
    pub(crate) owner: Owner,
}

/// The run of the command that serves an endpoint. The endpoint itself returns this at `/local/owner`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// A random id that differs for each run.
    pub(crate) run: String,
    pub(crate) package: String,
    pub(crate) program: String,
    /// The package's `Cargo.toml`.
    pub(crate) manifest: PathBuf,
    /// The workspace's folder.
    pub(crate) workspace: PathBuf,
}

impl Owner {
    pub(crate) fn new(worker: &Worker) -> Self {
        Self {
            run: format!("{:016x}", fastrand::u64(..)),
            package: worker.package.name.to_string(),
            program: worker.name.clone(),
            manifest: canonical(worker.package.manifest_path.as_std_path()),
            workspace: canonical(worker.workspace()),
        }
    }

    /// Returns the package's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }
}

impl DevEndpoint {
    /// Writes the file in one step, so a reader never sees half of it.
    pub(crate) fn write(&self, run: &Path) -> io::Result<()> {
        let unfinished = run.join("endpoint.json.new");
        fs::write(&unfinished, serde_json::to_vec_pretty(self)?)?;
        fs::rename(unfinished, run.join(FILE))
    }

    /// Returns the endpoints of this workspace. Some of them may no longer be running.
    pub(crate) fn all(target_directory: &Path, workspace: &Path) -> Vec<Self> {
        let workspace = canonical(workspace);
        let runs = fs::read_dir(target_directory.join(RUNS));
        let mut all: Vec<Self> = runs
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|run| {
                let text = fs::read(run.path().join(FILE)).ok()?;
                serde_json::from_slice(&text).ok()
            })
            // Several projects may share a target folder.
            .filter(|endpoint: &Self| endpoint.owner.workspace == workspace)
            .collect();
        all.sort_by(|one, other| one.url.cmp(&other.url));
        all
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
