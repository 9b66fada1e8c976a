//! The packages that are sources here, and not downloaded: the worker's own, and those that it depends on by a path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, TargetKind};

/// A package whose files may be edited.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) folder: PathBuf,
    /// The first file of each of its libraries, programs and build scripts.
    pub(super) roots: Vec<PathBuf>,
}

/// What cargo says of a workspace, without its dependencies.
pub(super) fn metadata(manifest: Option<&Path>) -> Result<Metadata, String> {
    let mut command = MetadataCommand::new();
    command.no_deps();
    if let Some(manifest) = manifest {
        command.manifest_path(manifest);
    }
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::CargoMetadata { stderr } => stderr.trim_end().to_owned(),
        error => format!("cargo cannot be asked for the packages: {error}"),
    })
}

/// The package and what it depends on by a path, directly or not. One that cannot be read is left out: the build tells.
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
            && let Ok(metadata) = self::metadata(Some(&next.join("Cargo.toml")))
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
            folder: next,
            roots: roots(package),
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

/// The one way to write it, where it is there.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
