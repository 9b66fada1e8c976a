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

/// Whether a program does not answer `--help` as every worker does. A program that gives no answer at all may be a worker.
pub(super) async fn is_no_worker(program: &Path) -> bool {
    let answer = asked::of(program, "--help", pending::<()>()).await;
    answer.is_some_and(|answer| {
        !answer.is_success || !String::from_utf8_lossy(&answer.text).contains("--test_input")
    })
}

/// Of a program that is no worker. `parts`: the files that it was made of.
pub(super) fn told(target: &Target, parts: &[PathBuf]) -> String {
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
    let folder = worker.folder().canonicalize();
    let folder = folder.unwrap_or_else(|_| worker.folder().to_owned());
    let has_main = parts
        .iter()
        .filter(|file| file.starts_with(&folder) || file.starts_with(worker.folder()))
        .filter_map(|file| fs::read_to_string(file).ok())
        .any(|text| text.contains("runpod::main") || text.contains("Worker::"));
    if has_main {
        format!(
            "the main function of {} ended without asking for a job; it has to be the one with #[runpod::main], or run a \
             `runpod::Worker`",
            worker.name
        )
    } else {
        format!(
            "no function of {} has #[runpod::main], which makes a program ask for jobs",
            worker.name
        )
    }
}
