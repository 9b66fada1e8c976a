//! Checks that the packages are ready to publish: complete metadata, and only the files that users need.

use std::fs;
use std::process::Command;

use crate::step::{self, Failure};
use crate::suite::Extent;
use crate::workspace::Workspace;

/// A package that is published, and what it may contain besides the files that every package has.
struct Package {
    name: &'static str,
    folder: &'static str,
    contents: &'static [&'static str],
    /// The maximum number of files. A higher number usually means that a folder is packed by mistake.
    most_files: usize,
}

const PACKAGES: [Package; 5] = [
    Package {
        name: "runpod-worker",
        folder: ".",
        contents: &["src/", "CHANGELOG.md"],
        most_files: 20,
    },
    Package {
        name: "runpod-macros",
        folder: "runpod-macros",
        contents: &["src/"],
        most_files: 80,
    },
    Package {
        name: "runpod-runtime",
        folder: "runpod-runtime",
        contents: &["src/"],
        most_files: 450,
    },
    Package {
        name: "runpod-local",
        folder: "runpod-local",
        contents: &["src/"],
        most_files: 450,
    },
    Package {
        name: "cargo-runpod",
        folder: "cargo-runpod",
        contents: &["src/", "templates/", "build.rs"],
        most_files: 400,
    },
];

/// The files that every package has, written by cargo or by us.
const EVERYWHERE: [&str; 7] = [
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];

const METADATA: [&str; 7] = [
    "description",
    "license",
    "rust-version",
    "keywords",
    "categories",
    "documentation",
    "readme",
];

pub(crate) fn check(workspace: &Workspace, extent: Extent) -> Result<(), Failure> {
    let root = read(workspace, ".")?;
    let mut faults = unknown_members(workspace, &root)?;
    for package in &PACKAGES {
        let listed = listed(workspace, package.name)?;
        faults.extend(faults_of(
            package,
            &listed,
            &read(workspace, package.folder)?,
        ));
        println!("{}: {} files", package.name, listed.len());
    }
    if !faults.is_empty() {
        return Err(Failure::new(faults.join("\n")));
    }
    if !has_key(&root, "repository") {
        println!("`repository` is not set in [workspace.package]; set it before the first release");
    }
    match extent {
        Extent::Short => packed(workspace),
        // This also builds each package from its packed files, and asks the registry for the versions.
        Extent::Long => step::run(
            "cargo publish --workspace --dry-run",
            workspace
                .cargo()
                .args(["publish", "--workspace", "--dry-run", "--allow-dirty"]),
        ),
    }
}

/// Packs everything. Without a network, this works if cargo has seen all dependencies before.
fn packed(workspace: &Workspace) -> Result<(), Failure> {
    let pack = |offline: &[&str]| {
        let mut command = workspace.cargo();
        command.args(["package", "--workspace", "--no-verify", "--allow-dirty"]);
        command.args(["--exclude", "xtask", "--exclude", "conformance-peers"]);
        command.args(["--quiet"]).args(offline);
        command
    };
    if step::capture(&mut pack(&["--offline"]))?.status.success() {
        return Ok(());
    }
    step::run("cargo package --workspace --no-verify", &mut pack(&[]))
}

fn listed(workspace: &Workspace, package: &str) -> Result<Vec<String>, Failure> {
    let mut command: Command = workspace.cargo();
    command.args(["package", "--list", "--allow-dirty", "--package", package]);
    let output = step::capture(&mut command)?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "cargo package --list --package {package}: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        )));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().map(str::to_owned).collect())
}

fn faults_of(package: &Package, listed: &[String], manifest: &str) -> Vec<String> {
    let name = package.name;
    let is_in = |file: &str, part: &str| {
        if part.ends_with('/') {
            file.starts_with(part)
        } else {
            file == part
        }
    };
    let is_expected = |file: &str| {
        EVERYWHERE.contains(&file) || package.contents.iter().any(|part| is_in(file, part))
    };
    let mut faults = Vec::new();
    for file in listed.iter().filter(|file| !is_expected(file)) {
        faults.push(format!(
            "{name}: the package contains {file}, which users do not need; leave it out with `include` in its Cargo.toml"
        ));
    }
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "Cargo.toml"] {
        if !listed.iter().any(|listed| listed == file) {
            faults.push(format!(
                "{name}: the package does not contain {file}; add it to `include` in its Cargo.toml"
            ));
        }
    }
    if listed.len() > package.most_files {
        faults.push(format!(
            "{name}: the package contains {} files, and at most {} are expected; if all are needed, raise the bound in \
             xtask/src/packages.rs",
            listed.len(),
            package.most_files
        ));
    }
    for key in METADATA.into_iter().filter(|key| !has_key(manifest, key)) {
        faults.push(format!("{name}: `{key}` is missing in its Cargo.toml"));
    }
    faults
}

/// Reports members that are neither listed above nor marked as unpublished.
fn unknown_members(workspace: &Workspace, root: &str) -> Result<Vec<String>, Failure> {
    let members = root
        .lines()
        .find_map(|line| line.strip_prefix("members = "))
        .unwrap_or_default();
    let mut faults = Vec::new();
    for member in members.split('"').skip(1).step_by(2) {
        let is_listed = PACKAGES.iter().any(|package| package.folder == member);
        if !is_listed && !read(workspace, member)?.contains("\npublish = false\n") {
            faults.push(format!(
                "{member}: the package would be published; list it in xtask/src/packages.rs, or set `publish = false`"
            ));
        }
    }
    if members.is_empty() {
        faults.push("Cargo.toml: there is no line `members = […]` any more".to_owned());
    }
    Ok(faults)
}

fn read(workspace: &Workspace, folder: &str) -> Result<String, Failure> {
    let path = workspace.file(folder).join("Cargo.toml");
    fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

fn has_key(manifest: &str, key: &str) -> bool {
    manifest.lines().any(|line| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: Package = Package {
        name: "one",
        folder: "one",
        contents: &["src/", "build.rs"],
        most_files: 6,
    };

    fn faults(files: &[&str], manifest: &str) -> String {
        let files: Vec<_> = files.iter().map(|&file| file.to_owned()).collect();
        faults_of(&PACKAGE, &files, manifest).join("\n")
    }

    fn complete() -> String {
        METADATA.map(|key| format!("{key} = 1\n")).concat()
    }

    const NEEDED: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "Cargo.toml"];

    #[test]
    fn a_file_that_users_do_not_need_is_a_fault() {
        let files = [&NEEDED[..], &["src/lib.rs", "build.rs"]].concat();
        assert_eq!(faults(&files, &complete()), "");
        for file in ["tests/all.rs", "docs/page.md", "build.rs.orig", "target/x"] {
            let files = [&NEEDED[..], &[file]].concat();
            assert!(faults(&files, &complete()).contains(file), "{file}");
        }
    }

    #[test]
    fn a_missing_licence_or_key_and_too_many_files_are_faults() {
        assert!(faults(&NEEDED[1..], &complete()).contains("does not contain LICENSE-APACHE"));
        let without = complete().replace("keywords", "keywords-of-mine");
        assert!(faults(&NEEDED, &without).contains("`keywords` is missing"));
        let files = [&NEEDED[..], &["src/a", "src/b", "src/c"]].concat();
        assert!(faults(&files, &complete()).contains("contains 7 files, and at most 6"));
    }
}
