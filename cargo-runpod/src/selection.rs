//! Finds the worker that a command works on: a package, and a program in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use clap::Args;

use crate::failure::Failure;

/// The flags that select a worker. They mean the same as cargo's flags of the same names.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Worker selection")]
pub(crate) struct Selection {
    /// The package that contains the worker
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,

    /// The binary to use as the worker
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,

    /// The example to use as the worker
    #[arg(long, value_name = "NAME", conflicts_with = "bin")]
    example: Option<String>,

    /// The path of the worker's Cargo.toml
    #[arg(long, value_name = "FILE")]
    manifest_path: Option<PathBuf>,

    /// Features to build with, separated by commas
    #[arg(long, short = 'F', value_name = "FEATURES")]
    features: Vec<String>,

    /// Build with all features
    #[arg(long)]
    all_features: bool,

    /// Build without the `default` feature
    #[arg(long)]
    no_default_features: bool,
}

/// A program that cargo can build.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) package: Package,
    /// The name of its cargo target.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The output of `cargo metadata` for its workspace.
    pub(crate) metadata: Metadata,
    feature_flags: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bin,
    Example,
}

impl Kind {
    /// Cargo's flag for this kind of target.
    fn flag(self) -> &'static str {
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

impl Worker {
    /// Returns the package's folder.
    pub(crate) fn folder(&self) -> &Path {
        let manifest = self.package.manifest_path.as_std_path();
        manifest.parent().unwrap_or(manifest)
    }

    /// Returns the workspace's folder.
    pub(crate) fn workspace(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Returns the content of the workspace's `Cargo.lock`, or an empty list if there is none.
    pub(crate) fn lock_file(&self) -> Vec<u8> {
        std::fs::read(self.workspace().join("Cargo.lock")).unwrap_or_default()
    }

    /// Returns cargo's target folder.
    pub(crate) fn target_directory(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// Returns a folder name for this program. It differs for each program of the workspace, because two packages may
    /// have programs of the same name. The dot keeps the names apart: a package's name cannot contain one.
    pub(crate) fn folder_name(&self) -> String {
        let package = self.package.name.as_str();
        match self.kind {
            Kind::Bin if self.name == package => package.to_owned(),
            Kind::Bin => format!("{package}.{}", self.name),
            Kind::Example => format!("{package}.example.{}", self.name),
        }
    }

    /// Returns `cargo COMMAND` for this program alone. It prints the built artifacts on standard output (see
    /// [`Self::executable`]) and compiler errors in their usual form on standard error.
    pub(crate) fn cargo(&self, command: &str) -> Command {
        // If cargo called us, this is the same cargo.
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .arg(command)
            .arg("--message-format=json-render-diagnostics")
            .arg("--manifest-path")
            .arg(self.package.manifest_path.as_std_path())
            .args([self.kind.flag(), self.name.as_str()])
            .args(&self.feature_flags);
        cargo
    }

    /// Returns the program's path if this line of cargo's output names it. Build scripts and wrappers may print other
    /// lines.
    pub(crate) fn executable(&self, line: &str) -> Option<PathBuf> {
        let message = serde_json::from_str(line).ok()?;
        let cargo_metadata::Message::CompilerArtifact(built) = message else {
            return None;
        };
        let is_it = built.target.name == self.name && self.kind.is_of(&built.target);
        let executable = built.executable.filter(|_| is_it)?;
        Some(executable.into_std_path_buf())
    }
}

impl Selection {
    /// Returns the selected worker. Runs `cargo metadata`, which needs no network here.
    pub(crate) fn worker(&self) -> Result<Worker, Failure> {
        let metadata =
            metadata(self.manifest_path.as_deref()).map_err(|told| self.not_found(&told))?;
        let packages = self.candidates(&metadata)?;
        let (package, kind, name) = self.choose(&packages)?;
        Ok(Worker {
            package: package.clone(),
            name,
            kind,
            feature_flags: self.feature_flags(),
            metadata,
        })
    }

    fn not_found(&self, told: &str) -> Failure {
        let told = told.trim_start_matches("error: ");
        let remedy = match &self.manifest_path {
            Some(_) => "--manifest-path must name the Cargo.toml of a worker",
            None => {
                "Run this command in the folder of a worker, or pass --manifest-path. To create a worker, run `cargo runpod new`"
            }
        };
        Failure::new(format!("{told}\n{remedy}"))
    }

    /// Returns the packages to search, as cargo selects them: this folder's package, otherwise the default members.
    fn candidates<'a>(&self, metadata: &'a Metadata) -> Result<Vec<&'a Package>, Failure> {
        let all = metadata.workspace_packages();
        if let Some(name) = &self.package {
            let named: Vec<_> = all.iter().copied().filter(|it| it.name == *name).collect();
            if named.is_empty() {
                let there: Vec<_> = all.iter().map(|package| package.name.as_str()).collect();
                return Err(Failure::new(format!(
                    "--package: this workspace has no package {name}; its packages are {}",
                    there.join(", ")
                )));
            }
            return Ok(named);
        }
        let manifest = match &self.manifest_path {
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

    fn choose<'a>(&self, packages: &[&'a Package]) -> Result<(&'a Package, Kind, String), Failure> {
        let of = |kind: Kind| {
            packages.iter().flat_map(move |package| {
                let targets = package.targets.iter().filter(move |it| kind.is_of(it));
                targets.map(move |target| (*package, kind, target.name.clone()))
            })
        };
        let bins: Vec<_> = of(Kind::Bin).collect();
        let examples: Vec<_> = of(Kind::Example).collect();
        let named = [(&self.bin, &bins), (&self.example, &examples)]
            .into_iter()
            .find_map(|(name, programs)| Some((name.as_deref()?, programs)));
        let (fits, what): (Vec<_>, _) = match (named, packages) {
            (Some((name, programs)), _) => (
                programs.iter().filter(|it| it.2 == name).cloned().collect(),
                format!("no program is named {name}"),
            ),
            (None, [package]) if package.default_run.is_some() => (
                bins.iter()
                    .filter(|it| Some(&it.2) == package.default_run.as_ref())
                    .cloned()
                    .collect(),
                "default-run in Cargo.toml names a program that the package does not have"
                    .to_owned(),
            ),
            (None, _) => (bins.clone(), "found no binary".to_owned()),
        };
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
                "{problem}: {} has neither a `src/main.rs` nor another binary, and a worker needs one",
                there.join(", ")
            )
        } else {
            format!("{problem}; choose one of:\n{}", list.join("\n"))
        }))
    }

    fn feature_flags(&self) -> Vec<String> {
        let mut flags: Vec<_> = self
            .features
            .iter()
            .map(|features| format!("--features={features}"))
            .collect();
        flags.extend(self.all_features.then(|| "--all-features".to_owned()));
        flags.extend(
            self.no_default_features
                .then(|| "--no-default-features".to_owned()),
        );
        flags
    }
}

/// Returns the output of `cargo metadata` without dependencies, or the reason why cargo gave none.
pub(crate) fn metadata(manifest: Option<&Path>) -> Result<Metadata, String> {
    let mut command = MetadataCommand::new();
    command.no_deps();
    if let Some(manifest) = manifest {
        command.manifest_path(manifest);
    }
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::CargoMetadata { stderr } => stderr.trim_end().to_owned(),
        error => format!("`cargo metadata` failed: {error}"),
    })
}
