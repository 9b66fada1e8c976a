//! The template `cuda`. It depends on a model library that takes minutes to compile, so all tests share one build.
//!
//! There is no GPU here. The worker is built without the feature `cuda`, and its own tests run a tiny model.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;

use crate::generated::{Worker, cargo, target, text};
use crate::hub_rules;
use crate::templates;

/// Dependencies are optimised in a user's build. That would take five times as long.
const WITHOUT_OPTIMISATION: &str = r#"profile.dev.package."*".opt-level=0"#;

static TESTED: LazyLock<(Worker, Output)> = LazyLock::new(|| {
    let worker = Worker::make("cuda", "new");
    pin(&worker.folder);
    let clippy = Path::new(env!("CARGO")).with_file_name("clippy-driver");
    let run = |what: &str| {
        let mut command = cargo();
        command
            .args([what, "--config", WITHOUT_OPTIMISATION])
            .current_dir(&worker.folder)
            .env("CARGO_TARGET_DIR", target())
            // `cargo clippy` would compile the model library a second time. This is how it calls clippy, too.
            .env("RUSTC_WORKSPACE_WRAPPER", &clippy)
            .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
        command.output().expect("cargo runs")
    };
    let tested = run("test");
    worker.assert_clean(&run("build"));
    (worker, tested)
});

/// Adds the packages of the model library to the worker's lock file, in versions that are known to work. Cargo downloads
/// them if they are missing.
///
/// To use newer versions, empty `candle.lock`, run a test of this file, and take the packages that the workspace's
/// `Cargo.lock` lacks from `target/generated/workers/new-cuda/Cargo.lock`.
fn pin(folder: &Path) {
    let path = folder.join("Cargo.lock");
    let ours = fs::read_to_string(&path).expect("the worker has a lock file");
    let identity = |package: &str| {
        let lines: Vec<_> = package.lines().take(3).map(str::to_owned).collect();
        lines.join("\n")
    };
    let known: BTreeSet<_> = packages(&ours).map(identity).collect();
    let missing = packages(include_str!("candle.lock"))
        .filter(|package| !known.contains(&identity(package)))
        .map(|package| format!("\n[[package]]{package}"));
    fs::write(path, ours.clone() + &missing.collect::<String>()).expect("the file can be written");
}

fn packages(lock: &str) -> impl Iterator<Item = &str> {
    lock.split("\n[[package]]").skip(1)
}

#[test]
fn its_tests_pass_and_clippy_has_nothing_to_say() {
    let (worker, tested) = &*TESTED;
    worker.assert_clean(tested);
    let text = text(tested);
    assert!(text.contains("test result: ok. "), "{text}");
    assert!(!text.contains("running 0 tests"), "{text}");
}

#[test]
fn a_model_that_is_not_there_ends_the_worker_and_every_place_is_named() {
    let (worker, _) = &*TESTED;
    let (code, text) = worker.run(&[], &[("MODEL_ID", "lab/absent")]);
    assert_eq!(code, 1, "{text}");
    for place in [
        "/runpod-volume/huggingface-cache/hub/models--lab--absent",
        "/runpod-volume/models/lab/absent",
        " /models/lab/absent",
        " models/lab/absent",
        "MODEL_DIR",
    ] {
        assert!(text.contains(place), "no {place} in {text}");
    }
}

#[test]
fn it_is_formatted() {
    let worker = Worker::make("cuda", "unbuilt");
    worker.assert_clean(&worker.cargo(&["fmt", "--check"]));
}

#[test]
fn its_files_for_the_hub_follow_the_rules() {
    let files = templates::files(&templates::folder("cuda"));
    let text = |name| files[Path::new(name)].as_str();
    if let Err(fault) = hub_rules::hub(text(".runpod/hub.json")) {
        panic!("hub.json: {fault}");
    }
    if let Err(fault) = hub_rules::tests(text(".runpod/tests.json")) {
        panic!("tests.json: {fault}");
    }
}

/// Nothing here can run CUDA's images. This checks what the files say about each other.
#[test]
fn its_dockerfile_copies_only_what_the_build_needs_and_has_the_base_of_its_manifest() {
    let files = templates::files(&templates::folder("cuda"));
    let dockerfile = &files[Path::new("Dockerfile")];
    let copied: BTreeSet<_> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|sources| !sources.starts_with("--from"))
        .flat_map(|line| {
            let mut words: Vec<_> = line.split_whitespace().collect();
            words.pop();
            words
        })
        .collect();
    let in_context: BTreeSet<_> = files[Path::new(".dockerignore")]
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    assert_eq!(copied, in_context);
    let base = dockerfile
        .lines()
        .rfind(|line| line.starts_with("FROM "))
        .expect("the file has a base image");
    let manifest = &files[Path::new("Cargo.toml.liquid")];
    let base = format!("base = {:?}", base.trim_start_matches("FROM "));
    assert!(manifest.contains(&base), "no {base} in {manifest}");
}
