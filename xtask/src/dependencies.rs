//! Checks the workspace's dependencies against `deny.toml`: licences, sources, banned packages, duplicates and known
//! vulnerabilities.
//!
//! cargo-deny checks all of these, but takes minutes to build. If it is not installed, this module checks licences,
//! sources and banned packages with the same lists and the output of `cargo tree`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo_tools;
use crate::licence;
use crate::step::{self, Failure};
use crate::suite::Extent;
use crate::workspace::Workspace;

/// Uses cargo-deny if it is installed. In a long run, installs it first.
pub(crate) fn check(workspace: &Workspace, extent: Extent) -> Result<(), Failure> {
    match (extent, cargo_tools::DENY.found(workspace)) {
        (_, Some(deny)) => with_cargo_deny(workspace, &deny),
        (Extent::Long, None) => {
            with_cargo_deny(workspace, &cargo_tools::DENY.installed(workspace)?)
        }
        (Extent::Short, None) => without_it(workspace),
    }
}

fn with_cargo_deny(workspace: &Workspace, deny: &Path) -> Result<(), Failure> {
    let deny = |words: &[&str]| {
        let mut command = Command::new(deny);
        command.current_dir(workspace.file(".")).args(words);
        command
    };
    step::run(
        "cargo deny check bans licenses sources",
        &mut deny(&["--workspace", "check", "bans", "licenses", "sources"]),
    )?;
    // The database changes independently of this repository, and some machines cannot download it. A failed download is
    // therefore not an error.
    let fetched = step::capture(&mut deny(&["fetch", "db"]))?;
    if !fetched.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&fetched.stderr).trim_end());
        println!("advisories were not checked, because their database could not be fetched");
        return Ok(());
    }
    step::run(
        "cargo deny check advisories",
        &mut deny(&["--workspace", "--offline", "check", "advisories"]),
    )
}

fn without_it(workspace: &Workspace) -> Result<(), Failure> {
    let path = workspace.file("deny.toml");
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    let rules = Rules::read(&text);
    if rules.targets.is_empty() || rules.licences.is_empty() || rules.banned.is_empty() {
        return Err(Failure::new(
            "deny.toml: one of the lists `targets`, `allow` and `deny` is empty; write one entry on each line",
        ));
    }
    let root = workspace.file(".").display().to_string();
    let root = root.trim_end_matches(['/', '.']);
    let mut packages = BTreeSet::new();
    for target in &rules.targets {
        let mut tree = workspace.cargo();
        tree.args(["tree", "--workspace", "--all-features", "--locked"])
            .args(["--target", target, "--edges", "normal,build,dev"])
            .args(["--prefix", "none", "--format", "{p}|{l}"]);
        let output = step::capture(&mut tree)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!("cargo tree failed: {said}")));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        packages.extend(text.lines().filter_map(Package::read));
    }
    let faults: Vec<_> = packages
        .iter()
        .flat_map(|package| rules.faults(package, root))
        .collect();
    if !faults.is_empty() {
        return Err(Failure::new(format!(
            "deny.toml: {}",
            faults.join("\ndeny.toml: ")
        )));
    }
    println!(
        "{} packages comply with the rules of deny.toml on licences, sources and bans. Duplicates and advisories were \
         not checked: run `cargo xtask dependencies --long`, which installs cargo-deny.",
        packages.len()
    );
    Ok(())
}

/// A package from one line of `cargo tree`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    /// The source of the package. `None` for the default registry.
    source: Option<String>,
    licence: String,
}

impl Package {
    /// Reads a line such as `name v1.2.3 (proc-macro) (/path or URL)|MIT (*)`.
    fn read(line: &str) -> Option<Self> {
        let line = line.trim().trim_end_matches(" (*)");
        let (package, licence) = line.split_once('|')?;
        let (name, rest) = package.split_once(' ')?;
        let source = rest
            .split_once(" (")
            .map(|(_, notes)| notes.replace("proc-macro)", ""))
            .map(|notes| notes.trim_matches([' ', '(', ')']).to_owned());
        Some(Self {
            name: name.to_owned(),
            source: source.filter(|source| !source.is_empty()),
            licence: licence.to_owned(),
        })
    }
}

/// The part of `deny.toml` that this module checks. In the file, each entry of a list is on its own line.
#[derive(Debug, Default)]
struct Rules {
    targets: Vec<String>,
    licences: Vec<String>,
    /// Pairs of a package and a licence that is allowed for it.
    exceptions: Vec<[String; 2]>,
    banned: Vec<String>,
}

impl Rules {
    fn read(text: &str) -> Self {
        let quoted = |line: &str| -> Vec<String> {
            let parts = line.split('"').skip(1).step_by(2);
            parts.map(str::to_owned).collect()
        };
        let mut rules = Self::default();
        let mut list = "";
        for line in text.lines() {
            if let Some(name) = line.strip_suffix(" = [") {
                list = name;
            } else if line == "]" {
                list = "";
            }
            match (list, quoted(line).as_slice()) {
                ("targets", [target, ..]) => rules.targets.push(target.clone()),
                ("allow", [licence, ..]) => rules.licences.push(licence.clone()),
                ("exceptions", [package, licences @ ..]) => {
                    let more = licences.iter().map(|it| [package.clone(), it.clone()]);
                    rules.exceptions.extend(more);
                }
                ("deny", [package, ..]) => rules.banned.push(package.clone()),
                _ => {}
            }
        }
        rules
    }

    /// Describes the rules that a package violates. `root` is the workspace's folder.
    fn faults(&self, package: &Package, root: &str) -> Vec<String> {
        let Package {
            name,
            source,
            licence,
        } = package;
        let mut faults = Vec::new();
        if self.banned.contains(name) {
            faults.push(format!("{name} is banned (`cargo tree --invert {name}`)"));
        }
        if let Some(source) = source
            && !source.starts_with(root)
        {
            faults.push(format!("{name} comes from {source}, not from the registry"));
        }
        let accepts = |licence: &str| {
            let excepted = [name.clone(), licence.to_owned()];
            self.licences.iter().any(|it| it == licence) || self.exceptions.contains(&excepted)
        };
        if !licence::is_accepted(licence, &accepts) {
            faults.push(format!("{name} is under {licence:?}, which is not allowed"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::{Package, Rules};

    const DENY: &str = r#"
targets = [
    "x86_64-unknown-linux-gnu",
]
[licenses]
allow = [
    "MIT",
    "ISC", # of ring
]
confidence-threshold = 0.93
exceptions = [
    { crate = "notify", allow = ["CC0-1.0"] },
]
[bans]
skip = [
    { crate = "syn@2", reason = "old" },
]
deny = [
    { crate = "openssl-sys", reason = "TLS is rustls" },
]
"#;

    fn faults(line: &str) -> Vec<String> {
        let package = Package::read(line).expect("a package");
        Rules::read(DENY).faults(&package, "/w")
    }

    #[test]
    fn the_lists_of_deny_toml_are_read() {
        let rules = Rules::read(DENY);
        assert_eq!(rules.targets, ["x86_64-unknown-linux-gnu"]);
        assert_eq!(rules.licences, ["MIT", "ISC"]);
        assert_eq!(rules.exceptions, [["notify", "CC0-1.0"]]);
        assert_eq!(rules.banned, ["openssl-sys"]);
    }

    #[test]
    fn packages_of_the_registry_and_of_the_workspace_are_fine() {
        for line in [
            "ring v0.17.14|ISC AND MIT (*)",
            "notify v8.2.0|CC0-1.0",
            "serde_derive v1.0.0 (proc-macro)|MIT OR Apache-2.0",
            "runpod-macros v0.1.0 (proc-macro) (/w/runpod-macros)|MIT",
            "runpod-local v0.1.0 (/w/runpod-local)|MIT",
        ] {
            assert_eq!(faults(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_package_is_told() {
        for (line, fault) in [
            ("openssl-sys v0.9.0|MIT", "is banned"),
            ("other v1.0.0|CC0-1.0", "under \"CC0-1.0\""),
            ("other v1.0.0|", "under \"\""),
            (
                "git v1.0.0 (https://git.invalid/git#abc)|MIT",
                "comes from https://git.invalid",
            ),
            (
                "macros v1.0.0 (proc-macro) (/elsewhere)|MIT",
                "comes from /elsewhere",
            ),
        ] {
            let faults = faults(line).join("; ");
            assert!(faults.contains(fault), "{line}: {faults}");
        }
    }
}
