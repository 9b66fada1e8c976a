//! The templates with a model library, which takes minutes to compile. Each has an example of the same name in
//! `examples/models`, which is built from the template's sources and tested with real weights.
//!
//! The workers of these templates are built as one workspace, with the lock file, the profile and the target folder of the
//! examples. So everything but the workers themselves has been compiled already.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

use crate::generated::{Worker, cargo, home, target, text};

/// The templates that have an example with real weights.
pub(crate) const MODELS: [&str; 4] = ["chat", "embed", "speech", "ocr"];

/// Begins the profile in a manifest.
const PROFILE: &str = "\n[profile.dev.package]\n";

/// Returns a file of the examples.
fn example(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/models")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn package(manifest: &Path) -> Package {
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).no_deps();
    let metadata = command.exec().expect("cargo reads the manifest");
    let manifest = manifest.canonicalize().expect("the manifest exists");
    let is_it = |package: &Package| *package.manifest_path == *manifest;
    let package = metadata.packages.into_iter().find(is_it);
    package.expect("the workspace has the package")
}

/// Returns what the build depends on. The path of our own package differs.
fn dependencies(package: &Package, kind: DependencyKind) -> BTreeSet<String> {
    let shown = |it: &Dependency| {
        format!(
            "{} {} {:?} {}",
            it.name, it.req, it.features, it.uses_default_features
        )
    };
    let all = package.dependencies.iter();
    all.filter(|it| it.kind == kind).map(shown).collect()
}

#[test]
fn a_template_and_its_example_have_the_same_features_dependencies_and_profile() {
    let of_examples = read(&example("Cargo.toml"));
    for name in MODELS {
        let worker = Worker::make_in(&home().join("workers"), name, "compared");
        let manifest = worker.folder.join("Cargo.toml");
        let [of_template, of_example] =
            [manifest.clone(), example(name).join("Cargo.toml")].map(|manifest| package(&manifest));
        assert_eq!(of_template.features, of_example.features, "{name}");
        let [normal, for_tests] = [DependencyKind::Normal, DependencyKind::Development]
            .map(|kind| [&of_template, &of_example].map(|it| dependencies(it, kind)));
        assert_eq!(normal[0], normal[1], "{name}");
        // An example may have more tests.
        assert!(
            for_tests[0].is_subset(&for_tests[1]),
            "{name}: {for_tests:?}"
        );
        let manifest = read(&manifest);
        let (_, profile) = manifest
            .split_once(PROFILE)
            .expect("the template has a profile");
        let (_, of_examples) = of_examples
            .split_once(PROFILE)
            .expect("the examples have a profile");
        for line in profile
            .lines()
            .filter(|line| line.contains(".opt-level = "))
        {
            assert!(of_examples.lines().any(|it| it == line), "{name}: {line}");
        }
    }
}

#[test]
#[ignore = "compiles model libraries: cargo xtask models"]
fn the_workers_of_the_templates_build_without_warnings_and_pass_their_tests() {
    let folder = target().join("models/generated");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the files of an earlier run can be removed");
    }
    fs::create_dir_all(&folder).expect("the folder can be created");
    for name in MODELS {
        let worker = Worker::make_in(&folder, name, "new");
        // In a workspace, only the profile and the lock file of the workspace count. The table `workspace`, which the command
        // adds inside our own workspace, is at the end.
        let path = worker.folder.join("Cargo.toml");
        let manifest = read(&path);
        let (manifest, _) = manifest
            .split_once(PROFILE)
            .expect("the template has a profile");
        fs::write(&path, manifest).expect("the manifest can be written");
        fs::remove_file(worker.folder.join("Cargo.lock")).expect("the lock file can be removed");
    }
    let members = MODELS.map(|name| format!("new-{name}"));
    let workspace: String = read(&example("Cargo.toml"))
        .lines()
        .map(|line| match line.strip_prefix("members = ") {
            Some(_) => format!("members = {members:?}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    fs::write(folder.join("Cargo.toml"), workspace).expect("the manifest can be written");
    fs::copy(example("Cargo.lock"), folder.join("Cargo.lock")).expect("the file can be copied");

    let clippy = Path::new(env!("CARGO")).with_file_name("clippy-driver");
    let mut command = cargo();
    command
        .args(["test", "--workspace"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", target().join("models"))
        // `cargo clippy` would check the model libraries again. This is how it calls clippy, too.
        .env("RUSTC_WORKSPACE_WRAPPER", &clippy)
        .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    let tested = command.output().expect("cargo runs");
    let text = text(&tested);
    assert!(tested.status.success(), "{text}");
    for unwanted in [
        "warning",
        "running 0 tests",
        "Compiling candle",
        "Compiling rten",
    ] {
        assert!(!text.contains(unwanted), "{unwanted} in {text}");
    }
    for member in members {
        assert!(text.contains(&member.replace('-', "_")), "{member}: {text}");
    }
}
