//! Finds the local packages: the worker's own, and those that it depends on by path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, Package, PackageId, TargetKind};

use crate::selection;

/// A package whose files may be edited.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) id: PackageId,
    pub(super) folder: PathBuf,
    /// The root files of its libraries, binaries and build scripts.
    pub(super) roots: Vec<PathBuf>,
    /// The root file of its build script.
    pub(super) script: Option<PathBuf>,
}

/// Returns the package and all its path dependencies, direct or not. Leaves out unreadable packages; the build reports
/// them.
pub(super) fn local(metadata: &Metadata, package: &Package, with_dev: bool) -> Vec<Local> {
    let mut known = HashMap::new();
    learn(&mut known, metadata);
    let mut found: Vec<Local> = Vec::new();
    let mut wanted = vec![folder(package)];
    while let Some(next) = wanted.pop() {
        if found.iter().any(|package| package.folder == next) {
            continue;
        }
        if !known.contains_key(&next)
            && let Ok(metadata) = selection::metadata(Some(&next.join("Cargo.toml")))
        {
            learn(&mut known, &metadata);
        }
        let Some(package) = known.get(&next) else {
            continue;
        };
        let is_first = found.is_empty();
        let built = package.dependencies.iter().filter(|dependency| {
            dependency.kind != DependencyKind::Development || (is_first && with_dev)
        });
        wanted.extend(built.filter_map(|it| it.path.as_ref().map(|path| canonical(path.as_ref()))));
        found.push(Local {
            id: package.id.clone(),
            folder: next,
            roots: roots(package),
            script: script(package),
        });
    }
    found
}

fn learn(known: &mut HashMap<PathBuf, Package>, metadata: &Metadata) {
    for package in &metadata.packages {
        known.insert(folder(package), package.clone());
    }
}

fn folder(package: &Package) -> PathBuf {
    let manifest: &Path = package.manifest_path.as_ref();
    canonical(manifest.parent().unwrap_or(manifest))
}

fn roots(package: &Package) -> Vec<PathBuf> {
    let built = package.targets.iter().filter(|target| {
        ![TargetKind::Test, TargetKind::Bench, TargetKind::Example]
            .iter()
            .any(|kind| target.kind.contains(kind))
    });
    built
        .map(|target| canonical(target.src_path.as_ref()))
        .collect()
}

fn script(package: &Package) -> Option<PathBuf> {
    let mut targets = package.targets.iter();
    let script = targets.find(|target| target.kind.contains(&TargetKind::CustomBuild))?;
    Some(canonical(script.src_path.as_ref()))
}

/// Returns the canonical path, or the path itself if it does not exist.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
