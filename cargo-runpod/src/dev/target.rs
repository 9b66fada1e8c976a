//! Which program is the worker.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package, TargetKind};

use super::Chosen;
use super::packages::{self, Local};
use crate::failure::Failure;

/// The program that is the worker, and where it lives.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The package's `Cargo.toml`.
    pub(super) manifest: PathBuf,
    pub(super) workspace: PathBuf,
    /// Where cargo builds.
    pub(super) built: PathBuf,
    /// The package itself, and all that it depends on by a path.
    pub(super) packages: Vec<Local>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bin,
    Example,
}

impl Kind {
    /// Cargo's flag for it.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::Bin => "--bin",
            Self::Example => "--example",
        }
    }

    fn is_of(self, target: &cargo_metadata::Target) -> bool {
        target.is_kind(match self {
            Self::Bin => TargetKind::Bin,
            Self::Example => TargetKind::Example,
        })
    }
}

impl Target {
    /// Asks cargo, which needs no network for it.
    pub(super) fn find(chosen: &Chosen) -> Result<Self, Failure> {
        let metadata = packages::metadata(chosen.manifest_path.as_deref())
            .map_err(|error| Failure::new(error.trim_start_matches("error: ")))?;
        let packages = candidates(&metadata, chosen)?;
        let (package, kind, name) = choose(&packages, chosen)?;
        Ok(Self {
            name,
            kind,
            manifest: package.manifest_path.clone().into(),
            workspace: metadata.workspace_root.clone().into(),
            built: metadata.target_directory.clone().into(),
            packages: packages::local(&metadata, package, kind == Kind::Example),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.workspace)
    }
}

/// As cargo does: the package of this folder, or else the workspace's default members.
fn candidates<'a>(metadata: &'a Metadata, chosen: &Chosen) -> Result<Vec<&'a Package>, Failure> {
    let all = metadata.workspace_packages();
    if let Some(name) = &chosen.package {
        let named: Vec<_> = all.iter().copied().filter(|it| it.name == *name).collect();
        if named.is_empty() {
            let there: Vec<_> = all.iter().map(|package| package.name.as_str()).collect();
            return Err(Failure::new(format!(
                "--package: there is no package {name} in this workspace; it has {}",
                there.join(", ")
            )));
        }
        return Ok(named);
    }
    let manifest = match &chosen.manifest_path {
        Some(path) => path.canonicalize().ok(),
        None => std::env::current_dir().ok().and_then(|folder| {
            let mut folders = folder.ancestors();
            let manifest = folders.find_map(|folder| {
                Some(folder.join("Cargo.toml")).filter(|manifest| manifest.is_file())
            });
            manifest.and_then(|manifest| manifest.canonicalize().ok())
        }),
    };
    let here = all.iter().find(|package| {
        manifest.is_some() && package.manifest_path.canonicalize().ok() == manifest
    });
    Ok(match here {
        Some(package) => vec![package],
        None => metadata.workspace_default_packages(),
    })
}

fn choose<'a>(
    packages: &[&'a Package],
    chosen: &Chosen,
) -> Result<(&'a Package, Kind, String), Failure> {
    let of = |kind: Kind| {
        packages.iter().flat_map(move |package| {
            let targets = package.targets.iter().filter(move |it| kind.is_of(it));
            targets.map(move |target| (*package, kind, target.name.clone()))
        })
    };
    let bins: Vec<_> = of(Kind::Bin).collect();
    let examples: Vec<_> = of(Kind::Example).collect();
    let named = [(&chosen.bin, &bins), (&chosen.example, &examples)]
        .into_iter()
        .find_map(|(name, programs)| Some((name.as_deref()?, programs)));
    let (fits, what) = match (named, packages) {
        (Some((name, programs)), _) => (
            programs.iter().filter(|it| it.2 == name).cloned().collect(),
            format!("there is no such program as {name}"),
        ),
        (None, [package]) if package.default_run.is_some() => (
            bins.iter()
                .filter(|it| Some(&it.2) == package.default_run.as_ref())
                .cloned()
                .collect(),
            "the package's default-run names no program of it".to_owned(),
        ),
        (None, _) => (bins.clone(), "there is no program here".to_owned()),
    };
    let fits: Vec<_> = fits;
    let problem = match &fits[..] {
        [only] => return Ok(only.clone()),
        [] => what,
        _ => "several programs could be the worker".to_owned(),
    };
    let several = packages.len() > 1;
    let list: Vec<_> = bins
        .iter()
        .chain(&examples)
        .map(|(package, kind, name)| {
            let package = several.then(|| format!("--package {} ", package.name));
            format!("  {}{} {name}", package.unwrap_or_default(), kind.flag())
        })
        .collect();
    Err(Failure::new(if list.is_empty() {
        let there: Vec<_> = packages.iter().map(|it| it.name.as_str()).collect();
        format!(
            "{problem}: {} has neither a `src/main.rs` nor another program; a worker is one",
            there.join(", ")
        )
    } else {
        format!("{problem}; choose one of\n{}", list.join("\n"))
    }))
}
