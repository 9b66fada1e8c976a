//! The manifest of the worker in the current folder.

use std::env;

use cargo_metadata::Package;

use super::finding::Finding;
use crate::{selection, settings};

const SUBJECT: &str = "manifest";

pub(super) fn manifest() -> Finding {
    let folder = env::current_dir().unwrap_or_default();
    let manifest = folder
        .ancestors()
        .map(|it| it.join("Cargo.toml"))
        .find(|it| it.is_file());
    let Some(manifest) = manifest else {
        return Finding::warning(
            SUBJECT,
            "this folder is in no cargo package",
            "run this command in a worker's folder, or create a worker with `cargo runpod new`",
        );
    };
    let shown = manifest.display();
    let metadata = match selection::metadata(Some(&manifest)) {
        Ok(metadata) => metadata,
        Err(failure) => {
            let told = failure.lines().map(str::trim).filter(|it| !it.is_empty());
            let told: Vec<_> = told.collect();
            return Finding::problem(
                SUBJECT,
                super::programs::line(&told.join(" ")),
                format!("correct {shown}; `cargo metadata` shows the whole error"),
            );
        }
    };
    let packages = metadata.workspace_packages();
    let is_worker = |package: &&&Package| {
        let mut dependencies = package.dependencies.iter();
        dependencies.any(|it| it.name == "runpod-worker" || it.name == "runpod-runtime")
    };
    let workers: Vec<_> = packages.iter().filter(is_worker).collect();
    if let Some(fault) = packages.iter().find_map(|it| settings::fault(it)) {
        return Finding::problem(
            SUBJECT,
            super::programs::line(&fault),
            "correct the setting in the manifest; the pages on `cargo runpod build` and `cargo runpod deploy` list all settings",
        );
    }
    match &workers[..] {
        [] => Finding::warning(
            SUBJECT,
            format!("no package of {shown} depends on runpod-worker, so there is no worker"),
            "add the dependency with `cargo add runpod-worker`, or create a worker with `cargo runpod new`",
        ),
        [worker] => Finding::ok(SUBJECT, format!("{shown}, with the worker {}", worker.name)),
        several => Finding::ok(SUBJECT, format!("{shown}, with {} workers", several.len())),
    }
}
