//! `cargo generate` creates the same workers from the templates.
//!
//! These tests need the program `cargo-generate`, which takes minutes to build. `cargo xtask test --long` installs it,
//! and `cargo xtask test` runs these tests if it is installed. `templates.rs` checks without it that the templates
//! contain nothing that the two renderers read differently.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::command::Folder;
use crate::generated::{cargo, lock, target, text};
use crate::templates;

const VARIABLE: &str = "RUNPOD_TEST_CARGO_GENERATE";

fn program() -> OsString {
    env::var_os(VARIABLE)
        .filter(|given| !given.is_empty())
        .unwrap_or_else(|| {
            panic!(
                "{VARIABLE} must contain the path of the program `cargo-generate`. To install the right version and run only these \
                 tests, use `cargo xtask test --test new -- --ignored cargo_generate`."
            )
        })
}

/// Creates a worker with this name from this template.
fn generate(template: &str, name: &str, folder: &Folder, arguments: &[&str]) -> PathBuf {
    // The configuration of the user of this machine must not have any effect.
    folder.write("config.toml", "");
    let output = Command::new(program())
        .arg("generate")
        .arg("--path")
        .arg(templates::folder(template))
        .args(["--name", name, "--vcs", "none", "--config"])
        .arg(folder.path("config.toml"))
        .arg("--destination")
        .arg(folder.path("."))
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("cannot run the program in {VARIABLE}: {error}"));
    assert!(output.status.success(), "{template}: {}", text(&output));
    folder.path(name)
}

#[test]
#[ignore = "needs cargo-generate: cargo xtask test --long"]
fn it_makes_the_same_worker_of_each_template() {
    let dependency = r#"{ git = "https://git.invalid/runpod" }"#;
    for template in templates::NAMES {
        let (ours, theirs) = (Folder::empty(), Folder::empty());
        ours.new_worker(&["my-worker", "--template", template])
            .args(["--runpod-git", "https://git.invalid/runpod"])
            .assert()
            .success();
        let define = format!("runpod_dependency={dependency}");
        let theirs = generate(template, "my-worker", &theirs, &["--define", &define]);
        let (ours, theirs) = (
            templates::files(&ours.path("my-worker")),
            templates::files(&theirs),
        );
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            theirs.keys().collect::<Vec<_>>(),
            "{template}"
        );
        for (path, text) in &ours {
            assert_eq!(text, &theirs[path], "{template}/{}", path.display());
        }
    }
}

/// Checks the default dependency, which applies if the user does not define one.
#[test]
#[ignore = "needs cargo-generate: cargo xtask test --long"]
fn without_a_definition_our_package_is_where_the_documentation_says() {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let expected = if repository.is_empty() {
        r#"runpod-worker = { path = "../runpod-worker" }"#.to_owned()
    } else {
        format!("runpod-worker = {{ git = {repository:?} }}")
    };
    for template in templates::NAMES {
        let folder = Folder::empty();
        generate(template, "my-worker", &folder, &[]);
        let manifest = folder.read("my-worker/Cargo.toml");
        assert!(manifest.lines().any(|line| line == expected), "{manifest}");
    }
}

#[test]
#[ignore = "needs cargo-generate: cargo xtask test --long"]
fn what_it_makes_can_be_built() {
    let folder = Folder::empty();
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let define = format!("runpod_dependency={{ path = {ours:?} }}");
    let worker = generate("stream", "new-generated", &folder, &["--define", &define]);
    lock(&worker);
    let output = cargo()
        .args(["check", "--offline", "--all-targets"])
        .current_dir(&worker)
        .env("CARGO_TARGET_DIR", target())
        .output()
        .expect("cargo runs");
    let text = text(&output);
    assert!(
        output.status.success() && !text.contains("warning"),
        "{text}"
    );
}
