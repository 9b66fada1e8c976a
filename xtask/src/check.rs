//! The checks that run no tests: formatting, lints, documentation, module cycles, dependencies, packages.

use std::path::Path;
use std::process::Command;

use crate::bench;
use crate::clients;
use crate::downstream;
use crate::models;
use crate::step::Failure;
use crate::suite::{Extent, Load, Part};
use crate::workspace::Workspace;

/// Turns warnings into errors.
const STRICT: [&str; 3] = ["--", "-D", "warnings"];

/// Returns all checks, the fastest first. `itself` is the path of this program.
pub(crate) fn parts(
    workspace: &Workspace,
    itself: &Path,
    extent: Extent,
) -> Result<Vec<Part>, Failure> {
    let [downstream, without_features] = downstream::manifests(workspace)?;
    let client = workspace.file(clients::RUST);
    let cargo = |name: &str, arguments: &[&str]| {
        let mut command = workspace.cargo();
        command.args(arguments);
        Part::check(name, command, &format!("cargo {}", arguments.join(" ")))
    };
    let elsewhere = |name: &str, arguments: &[&str], manifest: &Path, more: &[&str]| {
        elsewhere(workspace, name, arguments, manifest, more)
    };
    let format = ["fmt", "--check"];
    // The packages are named, because `--all` would also format our own crates again, as dependencies of these
    // packages.
    let named = downstream::PACKAGES.map(|package| format!("--package={package}"));
    let named: Vec<_> = named.iter().map(String::as_str).collect();
    let lint = ["clippy", "--workspace", "--all-targets"];
    let mut documentation = workspace.cargo();
    documentation
        .args(["doc", "--workspace", "--no-deps", "--all-features"])
        .arg("--locked")
        .env("RUSTDOCFLAGS", "-D warnings");
    let mut dependencies = Command::new(itself);
    dependencies.arg("dependencies");
    if extent == Extent::Long {
        dependencies.arg("--long");
    }
    let mut packages = Command::new(itself);
    packages.arg("packages");
    if extent == Extent::Long {
        packages.arg("--long");
    }
    let mut circles = Command::new(itself);
    circles.arg("circles");
    let mut guide = Command::new(itself);
    guide.arg("docs");
    let mut parts = vec![
        Part::check("module cycles", circles, "cargo xtask circles"),
        cargo("format", &["fmt", "--all", "--check"]),
        elsewhere("format, downstream crates", &format, &downstream, &named),
        elsewhere(
            "format, crate without features",
            &format,
            &without_features,
            &[],
        ),
        elsewhere("format, the Rust client's suite", &format, &client, &[]),
        Part::check("dependencies", dependencies, "cargo xtask dependencies"),
        Part::check("packages", packages, "cargo xtask packages"),
        // `--locked` is needed because a commit that changes the dependencies must also contain the lock file.
        cargo(
            "clippy",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
        ),
        // Checks the code that exists only without features. The downstream crates compile the code for default
        // features.
        cargo(
            "clippy, no features",
            &[
                "clippy",
                "--package=runpod-worker",
                "--package=runpod-runtime",
                "--package=runpod-macros",
                "--package=runpod-local",
                "--no-default-features",
                "--lib",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
        ),
        // The code that the macros generate must cause no warnings in a user's crate.
        elsewhere("clippy, downstream crates", &lint, &downstream, &STRICT),
        elsewhere(
            "clippy, the Rust client's suite",
            &["clippy", "--all-targets", "--locked"],
            &client,
            &STRICT,
        ),
        Part::check(
            "rustdoc",
            documentation,
            "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --all-features",
        ),
    ];
    parts.push(Part {
        // It compiles only mdBook.
        load: Load::CompilesApart,
        ..Part::check("guide and English", guide, "cargo xtask docs")
    });
    parts.extend(of_other_workspaces(workspace, extent));
    if extent == Extent::Long {
        let mut features = Command::new(itself);
        features.arg("features");
        let part = Part::check("single features", features, "cargo xtask features");
        parts.push(part);
    }
    Ok(parts)
}

fn of_other_workspaces(workspace: &Workspace, extent: Extent) -> Vec<Part> {
    let mut parts = of_the_bench(workspace, extent);
    parts.push(of_the_models(workspace));
    parts
}

/// Clippy checks the examples with real weights while their tests are built.
fn of_the_models(workspace: &Workspace) -> Part {
    elsewhere(
        workspace,
        "format, examples with real weights",
        &["fmt", "--check"],
        &workspace.file(models::MANIFEST),
        &models::PACKAGES,
    )
}

fn of_the_bench(workspace: &Workspace, extent: Extent) -> Vec<Part> {
    let bench = workspace.file(bench::MANIFEST);
    let packages = [
        "--package=worker-bench",
        "--package=http-bench",
        "--package=runpod-sdk-worker",
    ];
    let format = ["fmt", "--check"];
    let mut parts = vec![elsewhere(
        workspace,
        "format, the bench",
        &format,
        &bench,
        &packages,
    )];
    if extent == Extent::Long {
        // This check is slow, because no other part shares the benchmark's dependencies.
        let lint = [
            "clippy",
            "--package=worker-bench",
            "--package=http-bench",
            "--all-targets",
        ];
        let name = "clippy, the bench";
        parts.push(elsewhere(workspace, name, &lint, &bench, &STRICT));
    }
    parts
}

/// Returns a check of a crate outside the workspace.
fn elsewhere(
    workspace: &Workspace,
    name: &str,
    arguments: &[&str],
    manifest: &Path,
    more: &[&str],
) -> Part {
    let mut command = workspace.cargo();
    command
        .args(arguments)
        .arg("--manifest-path")
        .arg(manifest)
        .args(more);
    let again = format!(
        "cargo {} --manifest-path {} {}",
        arguments.join(" "),
        manifest.display(),
        more.join(" ")
    );
    Part::check(name, command, again.trim_end())
}
