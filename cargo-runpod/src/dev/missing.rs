//! Finds out what a program lacks if it exits without asking for a job.

use std::fs;
use std::future::pending;
use std::path::PathBuf;

use cargo_metadata::DependencyKind;

use super::asked;
use super::program::Program;
use super::target::Target;
use crate::selection::Kind;

/// The package that every worker depends on.
const OURS: &str = "runpod-worker";

/// How a program answers `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Help {
    /// The answer is a worker's help.
    OfAWorker,
    /// The program succeeds, but prints something other than a worker's help.
    Other,
    /// The program fails. The cause may be code that runs before the worker, such as a panic before
    /// `Worker::builder()`.
    Failed,
}

impl Help {
    /// Starts the program with `--help`. Returns `None` if there is no answer.
    pub(super) async fn of(program: &Program) -> Option<Self> {
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

/// Returns what the program lacks, or `None` if it may be a worker. `parts` are the program's source files.
pub(super) fn told(help: Help, target: &Target, parts: &[PathBuf]) -> Option<String> {
    let has_worker = has_worker(target, parts);
    match help {
        Help::OfAWorker => None,
        Help::Failed if has_worker => None,
        Help::Failed | Help::Other => Some(lacks(target, has_worker)),
    }
}

/// Tells whether a source file in the workspace starts a worker. The file may also belong to another package's library.
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
            "the package {} does not depend on {OURS}, which every worker needs; `cargo runpod new` creates a crate that \
             has this dependency",
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
            "no function in {} has #[runpod::main], which makes a program ask for jobs",
            worker.name
        )
    }
}
