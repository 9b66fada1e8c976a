//! The endpoint of a running `cargo runpod dev`, as a file in the target folder of its project. Other commands that are
//! called in the same project find the endpoint there.
//!
//! The file is in the folder of that run, and goes with it. A run that was killed leaves its file behind: so a reader asks
//! the endpoint at the address whose it is ([`Owner`]), and believes nothing else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::selection::Worker;

/// In cargo's target folder; each run has a folder in it.
pub(crate) const RUNS: &str = "runpod-dev";

const FILE: &str = "endpoint.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DevEndpoint {
    /// `http://127.0.0.1:8000`
    pub(crate) url: String,
    /// Of the command's process.
    pub(crate) pid: u32,
    pub(crate) owner: Owner,
}

/// Which run of the command serves an endpoint; the endpoint itself answers this at `/local/owner`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// Another one for each run.
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

    /// The package's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }
}

impl DevEndpoint {
    /// All of it or nothing.
    pub(crate) fn write(&self, run: &Path) -> io::Result<()> {
        let unfinished = run.join("endpoint.json.new");
        fs::write(&unfinished, serde_json::to_vec_pretty(self)?)?;
        fs::rename(unfinished, run.join(FILE))
    }

    /// Those of this workspace. Whether they still serve is not known.
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
            // Projects may share a target folder.
            .filter(|endpoint: &Self| endpoint.owner.workspace == workspace)
            .collect();
        all.sort_by(|one, other| one.url.cmp(&other.url));
        all
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
