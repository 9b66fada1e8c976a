//! Which worker is meant: a package, and the program in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package, Target};
use clap::Args;

use crate::failure::Failure;

/// As cargo's own flags of these names.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which worker")]
pub(crate) struct Selection {
    /// The package, where the workspace has several
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,

    /// The program, where the package has several
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,

    /// An example in place of a program
    #[arg(long, value_name = "NAME", conflicts_with = "bin")]
    example: Option<String>,

    /// Features to build it with
    #[arg(long, short = 'F', value_name = "FEATURES", value_delimiter = ',')]
    features: Vec<String>,

    /// With all of its features
    #[arg(long)]
    all_features: bool,

    /// Without its default features
    #[arg(long)]
    no_default_features: bool,

    /// The manifest, where it is not in this folder or above it
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

/// A program that cargo can build.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) package: Package,
    /// Cargo's name for it.
    pub(crate) name: String,
    is_example: bool,
    /// Where cargo builds.
    pub(crate) target_directory: PathBuf,
    feature_flags: Vec<String>,
}

impl Worker {
    /// The package's folder.
    pub(crate) fn folder(&self) -> &Path {
        let manifest = self.package.manifest_path.as_std_path();
        manifest.parent().unwrap_or(manifest)
    }

    /// `cargo build` of this program alone, which tells on standard output what it has made ([`Self::executable`]) and on
    /// standard error, in its usual form, what is wrong.
    pub(crate) fn cargo_build(&self) -> Command {
        self.cargo("build")
    }

    /// As [`Self::cargo_build`]; what is added after `--` is for this program's own rustc.
    pub(crate) fn cargo_rustc(&self) -> Command {
        self.cargo("rustc")
    }

    fn cargo(&self, name: &str) -> Command {
        let mut command = cargo();
        command
            .arg(name)
            .arg("--message-format=json-render-diagnostics")
            .arg("--manifest-path")
            .arg(self.package.manifest_path.as_std_path())
            .arg("--package")
            .arg(self.package.name.as_str())
            .arg(if self.is_example {
                "--example"
            } else {
                "--bin"
            })
            .arg(&self.name)
            .args(&self.feature_flags);
        command
    }

    /// Where the program is, if this line of cargo's says so.
    pub(crate) fn executable(&self, line: &str) -> Option<PathBuf> {
        let message = serde_json::from_str(line).ok()?;
        let cargo_metadata::Message::CompilerArtifact(artifact) = message else {
            return None;
        };
        let is_it = artifact.target.name == self.name
            && artifact.package_id == self.package.id
            && artifact.target.is_example() == self.is_example;
        let executable = artifact.executable.filter(|_| is_it)?;
        Some(executable.into_std_path_buf())
    }
}

impl Selection {
    /// The worker that is meant.
    pub(crate) fn worker(&self) -> Result<Worker, Failure> {
        let metadata = self.metadata()?;
        let package = self.package_in(&metadata)?;
        let (name, is_example) = match &self.example {
            Some(example) => (
                named(package, example, "example", Target::is_example)?,
                true,
            ),
            None => (self.program_in(package)?, false),
        };
        Ok(Worker {
            package: package.clone(),
            name,
            is_example,
            target_directory: metadata.target_directory.clone().into_std_path_buf(),
            feature_flags: self.feature_flags(),
        })
    }

    fn metadata(&self) -> Result<Metadata, Failure> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(path) = &self.manifest_path {
            if !path.is_file() {
                return Err(Failure::new(format!(
                    "--manifest-path: there is no file {}; name the Cargo.toml of a worker",
                    path.display()
                )));
            }
            command.manifest_path(path);
        }
        command.exec().map_err(|error| {
            let told = match error {
                cargo_metadata::Error::CargoMetadata { stderr } => stderr.trim().to_owned(),
                other => other.to_string(),
            };
            Failure::new(format!(
                "the worker to build was not found, since `cargo metadata` failed:\n{told}\nRun this in the folder of a \
                 worker, or name its manifest with --manifest-path; `cargo runpod new` makes one."
            ))
        })
    }

    fn package_in<'a>(&self, metadata: &'a Metadata) -> Result<&'a Package, Failure> {
        let packages = metadata.workspace_packages();
        if let Some(name) = &self.package {
            return packages
                .iter()
                .copied()
                .find(|package| package.name.as_str() == name)
                .ok_or_else(|| {
                    Failure::new(format!(
                        "--package: there is no `{name}` in this workspace; there is {}",
                        listed(packages.iter().map(|package| package.name.as_str()))
                    ))
                });
        }
        let here = std::env::current_dir().ok();
        let in_this_folder = |package: &&&Package| {
            let folder = package.manifest_path.parent();
            match (&self.manifest_path, &here) {
                (Some(path), _) => {
                    path.canonicalize().ok().as_deref() == Some(package.manifest_path.as_std_path())
                }
                (None, Some(here)) => folder.is_some_and(|folder| here.starts_with(folder)),
                (None, None) => false,
            }
        };
        // The root package of a workspace encloses the others: the innermost is meant.
        let innermost = packages
            .iter()
            .filter(in_this_folder)
            .max_by_key(|package| package.manifest_path.as_str().len());
        match (innermost, packages.as_slice()) {
            (Some(package), _) | (None, [package]) => Ok(package),
            _ => Err(Failure::new(format!(
                "this workspace has several packages, and no choice among them; name one with --package: {}",
                listed(packages.iter().map(|package| package.name.as_str()))
            ))),
        }
    }

    fn program_in(&self, package: &Package) -> Result<String, Failure> {
        if let Some(bin) = &self.bin {
            return named(package, bin, "program", Target::is_bin);
        }
        let programs: Vec<&str> = package
            .targets
            .iter()
            .filter(|target| target.is_bin())
            .map(|target| target.name.as_str())
            .collect();
        match (programs.as_slice(), &package.default_run) {
            (_, Some(name)) => Ok(name.clone()),
            ([name], None) => Ok((*name).to_owned()),
            ([], None) => Err(Failure::new(format!(
                "the package `{}` has no program: a worker has its `#[runpod::main]` in src/main.rs, or in an example, \
                 named with --example",
                package.name
            ))),
            (several, None) => Err(Failure::new(format!(
                "the package `{}` has several programs, and no choice among them; name one with --bin: {}",
                package.name,
                listed(several.iter().copied())
            ))),
        }
    }

    fn feature_flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        if !self.features.is_empty() {
            flags.push(format!("--features={}", self.features.join(",")));
        }
        if self.all_features {
            flags.push("--all-features".to_owned());
        }
        if self.no_default_features {
            flags.push("--no-default-features".to_owned());
        }
        flags
    }
}

/// The cargo that has called us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn named(
    package: &Package,
    name: &str,
    kind: &str,
    is_it: fn(&Target) -> bool,
) -> Result<String, Failure> {
    let all = || package.targets.iter().filter(|target| is_it(target));
    if all().any(|target| target.name == name) {
        return Ok(name.to_owned());
    }
    Err(Failure::new(format!(
        "the package `{}` has no {kind} `{name}`; there is {}",
        package.name,
        listed(all().map(|target| target.name.as_str()))
    )))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
