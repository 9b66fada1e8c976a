//! What a program lacks that ended without asking for a job.

use std::fs;
use std::future::pending;
use std::path::{Path, PathBuf};

use cargo_metadata::DependencyKind;

use super::asked;
use super::target::Target;
use crate::selection::Kind;

/// The package that makes a worker.
const OURS: &str = "runpod-worker";

/// How a program answers `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Help {
    /// As every worker does.
    OfAWorker,
    /// It succeeds, and the text is not a worker's.
    Other,
    /// Code that comes before the worker may have failed, such as a panic before `Worker::builder()`.
    Failed,
}

impl Help {
    /// None if there is no answer.
    pub(super) async fn of(program: &Path) -> Option<Self> {
        let answer = asked::of(program, "--help", pending::<()>()).await?;
        Some(if !answer.is_success {
            Self::Failed
        } else if String::from_utf8_lossy(&answer.text).contains("--test_input") {
            Self::OfAWorker
        } else {
            Self::Other
        })
    }
}

/// Of a program that answers like this and is no worker; none of one that may be a worker. `parts`: the files that it was
/// made of.
pub(super) fn told(help: Help, target: &Target, parts: &[PathBuf]) -> Option<String> {
    let has_worker = has_worker(target, parts);
    match help {
        Help::OfAWorker => None,
        Help::Failed if has_worker => None,
        Help::Failed | Help::Other => Some(lacks(target, has_worker)),
    }
}

/// Whether a file of the workspace makes a worker: that may be a library beside the program's package.
fn has_worker(target: &Target, parts: &[PathBuf]) -> bool {
    let folder = target.worker.workspace();
    let canonical = folder.canonicalize();
    let canonical = canonical.unwrap_or_else(|_| folder.to_owned());
    parts
        .iter()
        .filter(|file| file.starts_with(&canonical) || file.starts_with(folder))
        .filter_map(|file| fs::read_to_string(file).ok())
        .any(|text| text.contains("runpod::main") || text.contains("Worker::builder"))
}

fn lacks(target: &Target, has_worker: bool) -> String {
    let worker = &target.worker;
    let package = &worker.package;
    let depends = package.dependencies.iter().any(|dependency| {
        let is_used = match dependency.kind {
            DependencyKind::Normal => true,
            DependencyKind::Development => worker.kind == Kind::Example,
            _ => false,
        };
        is_used && dependency.name == OURS
    });
    if !depends {
        return format!(
            "the package {} does not depend on {OURS}, which makes a program a worker; `cargo runpod new` makes a crate \
             that does",
            package.name
        );
    }
    if has_worker {
        format!(
            "{} exited before it asked for a job: put #[runpod::main] on its main function, or call \
             runpod::Worker::builder()…run() in it",
            worker.name
        )
    } else {
        format!(
            "no function of {} has #[runpod::main], which makes a program ask for jobs",
            worker.name
        )
    }
}
