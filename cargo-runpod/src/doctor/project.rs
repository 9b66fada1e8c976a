//! The manifest of the worker in the current folder.

use std::env;
use std::path::Path;

use cargo_metadata::Package;
use serde_json::Value;

use super::finding::Finding;
use crate::selection;

/// The tables of `[package.metadata.runpod]`.
const TABLES: [&str; 2] = ["deploy", "image"];

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
    let defects: Vec<_> = packages.iter().filter_map(|it| defect(it)).collect();
    if let Some(defect) = defects.first() {
        let fix = format!(
            "correct the key in the manifest; the known tables are {}",
            TABLES.join(" and ")
        );
        return Finding::problem(SUBJECT, defect, fix);
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

/// Returns the first defect of a package's settings.
fn defect(package: &Package) -> Option<String> {
    let settings = package.metadata.get("runpod")?;
    let manifest: &Path = package.manifest_path.as_ref();
    let manifest = manifest.display();
    let Value::Object(tables) = settings else {
        return Some(format!(
            "{manifest}: [package.metadata.runpod] is not a table"
        ));
    };
    tables.iter().find_map(|(key, value)| {
        if !TABLES.contains(&key.as_str()) {
            return Some(format!(
                "{manifest}: [package.metadata.runpod] has an unknown key `{key}`"
            ));
        }
        let is_table = value.is_object();
        (!is_table).then(|| format!("{manifest}: [package.metadata.runpod.{key}] is not a table"))
    })
}
