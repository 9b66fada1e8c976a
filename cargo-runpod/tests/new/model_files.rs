//! The files of the templates with a model library. `models` builds their workers.

use std::collections::BTreeSet;
use std::path::Path;

use crate::generated::Worker;
use crate::hub_rules;
use crate::models::MODELS;
use crate::templates;

#[test]
fn they_are_formatted() {
    for name in MODELS {
        let worker = Worker::make(name, "unbuilt");
        worker.assert_clean(&worker.cargo(&["fmt", "--check"]));
    }
}

#[test]
fn their_files_for_the_hub_follow_the_rules() {
    for name in MODELS {
        let files = templates::files(&templates::folder(name));
        let text = |name| files[Path::new(name)].as_str();
        if let Err(fault) = hub_rules::hub(text(".runpod/hub.json")) {
            panic!("hub.json of {name}: {fault}");
        }
        if let Err(fault) = hub_rules::tests(text(".runpod/tests.json")) {
            panic!("tests.json of {name}: {fault}");
        }
    }
}

#[test]
fn their_dockerfiles_copy_only_what_the_build_needs() {
    for name in MODELS {
        let files = templates::files(&templates::folder(name));
        let copied: BTreeSet<_> = files[Path::new("Dockerfile")]
            .lines()
            .filter_map(|line| line.strip_prefix("COPY "))
            .filter(|sources| !sources.starts_with("--from"))
            .flat_map(|line| {
                let mut words: Vec<_> = line.split_whitespace().collect();
                words.pop();
                words
            })
            .map(|path| path.trim_start_matches("./"))
            .collect();
        let in_context: BTreeSet<_> = files[Path::new(".dockerignore")]
            .lines()
            .filter_map(|line| line.strip_prefix('!'))
            .collect();
        assert_eq!(copied, in_context, "{name}");
    }
}

/// Nothing here can run CUDA's images. This checks what the files say about each other.
#[test]
fn the_dockerfile_for_a_gpu_has_the_base_of_its_manifest() {
    let files = templates::files(&templates::folder("chat"));
    let base = files[Path::new("Dockerfile")]
        .lines()
        .rfind(|line| line.starts_with("FROM "))
        .expect("the file has a base image");
    let manifest = &files[Path::new("Cargo.toml.liquid")];
    let base = format!("base = {:?}", base.trim_start_matches("FROM "));
    assert!(manifest.contains(&base), "no {base} in {manifest}");
}
