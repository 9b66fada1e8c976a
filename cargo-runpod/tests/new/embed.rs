//! The template `embed`. `examples/models/embed` compiles its files and tests them with real weights, so nothing here
//! compiles the model library.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::generated::Worker;
use crate::hub_rules;
use crate::templates;

#[test]
fn it_is_formatted() {
    let worker = Worker::make("embed", "unbuilt");
    worker.assert_clean(&worker.cargo(&["fmt", "--check"]));
}

#[test]
fn its_files_for_the_hub_follow_the_rules() {
    let files = templates::files(&templates::folder("embed"));
    let text = |name| files[Path::new(name)].as_str();
    if let Err(fault) = hub_rules::hub(text(".runpod/hub.json")) {
        panic!("hub.json: {fault}");
    }
    if let Err(fault) = hub_rules::tests(text(".runpod/tests.json")) {
        panic!("tests.json: {fault}");
    }
}

#[test]
fn its_dockerfile_copies_only_what_is_in_the_context() {
    let files = templates::files(&templates::folder("embed"));
    let copied: BTreeSet<_> = files[Path::new("Dockerfile")]
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
}

/// Returns the lines of a table of a manifest, without comments.
fn table<'a>(manifest: &'a str, name: &str) -> BTreeSet<&'a str> {
    let heading = format!("[{name}]");
    let lines = manifest
        .lines()
        .skip_while(|line| **line != *heading)
        .skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines
        .filter(|line| line.contains(" = ") && !line.starts_with('#'))
        .collect()
}

/// The example is compiled with its own manifest, so a dependency that only one of them has would not be noticed.
#[test]
fn the_example_with_real_weights_has_the_same_dependencies() {
    let files = templates::files(&templates::folder("embed"));
    let template = &files[Path::new("Cargo.toml.liquid")];
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/models/embed/Cargo.toml"
    );
    let example = fs::read_to_string(path).expect("the example has a manifest");
    let is_ours = |line: &&str| line.starts_with("runpod-worker");
    for name in ["dependencies", "dev-dependencies"] {
        let (mut one, mut other) = (table(template, name), table(&example, name));
        assert!(!one.is_empty());
        one.retain(|line| !is_ours(line));
        other.retain(|line| !is_ours(line));
        assert_eq!(one, other);
    }
    let cuda = |manifest| {
        table(manifest, "features")
            .into_iter()
            .find(|line| line.starts_with("cuda"))
    };
    assert_eq!(cuda(template), cuda(&example));
}
