//! The files of the template `chat`. `models` builds its worker.

use std::collections::BTreeSet;
use std::path::Path;

use crate::generated::Worker;
use crate::hub_rules;
use crate::templates;

#[test]
fn it_is_formatted() {
    let worker = Worker::make("chat", "unbuilt");
    worker.assert_clean(&worker.cargo(&["fmt", "--check"]));
}

#[test]
fn its_files_for_the_hub_follow_the_rules() {
    let files = templates::files(&templates::folder("chat"));
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
    let files = templates::files(&templates::folder("chat"));
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
