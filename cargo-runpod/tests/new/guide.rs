//! The code in the guide compiles in a new worker: its template has the crates that the code uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::templates::{self, NAMES};

/// Pages whose code is not meant for a worker's crate, with the reason for each.
const LEFT_OUT: [(&str, &str); 3] = [
    (
        "docs/reference/compiler-errors.md",
        "its programs contain mistakes",
    ),
    (
        "docs/explanation/what-the-attributes-generate.md",
        "it shows the output of the macros",
    ),
    (
        "docs/reference/local-endpoint.md",
        "its code is for a test or a program around `runpod-local`",
    ),
];

/// The parts of tokio that the guide's code uses, with the feature that each needs.
const OF_TOKIO: [(&str, &str); 9] = [
    ("tokio::main", "rt-multi-thread"),
    ("tokio::test", "macros"),
    ("tokio::join", "macros"),
    ("tokio::select", "macros"),
    ("tokio::spawn", "rt-multi-thread"),
    ("tokio::runtime", "rt-multi-thread"),
    ("tokio::task", "rt-multi-thread"),
    ("tokio::time", "time"),
    ("tokio::sync", "sync"),
];

#[test]
fn every_crate_that_the_guide_uses_is_a_dependency_of_every_template() {
    let manifests = manifests();
    let known = packages_of_the_workspace();
    let mut used = BTreeMap::new();
    for (page, text) in pages() {
        // A page may itself say which dependency to add.
        let added = blocks(&text, "toml");
        for code in blocks(&text, "rust").into_iter().chain(inline(&text)) {
            for name in paths(&code).into_iter().filter(|it| known.contains(it)) {
                let package = name.replace('_', "-");
                let is_ours = code.contains(&format!("runpod::{name}"))
                    || text.contains(&format!("`cargo add {package}`"))
                    || added
                        .iter()
                        .any(|added| added.contains(&format!("\n{package} = ")));
                if !is_ours {
                    used.entry(name).or_insert(page.clone());
                }
            }
        }
    }
    // Otherwise the test would check nothing.
    for name in ["tokio", "tracing"] {
        assert!(used.contains_key(name), "{used:?}");
    }
    for (template, manifest) in &manifests {
        for (name, page) in &used {
            assert!(
                manifest.contains(&format!("\n{name} = ")),
                "{page} uses {name}, but the template {template} does not depend on it: add it to all templates, or show on \
                 the page how to add it to Cargo.toml"
            );
        }
    }
}

#[test]
fn every_feature_of_tokio_that_the_guide_uses_is_on_in_every_template() {
    let texts: Vec<_> = pages().into_iter().map(|(_, text)| text).collect();
    let uses: BTreeSet<_> = texts
        .iter()
        .flat_map(|text| {
            text.match_indices("tokio::")
                .map(move |(at, _)| (text, &text[at..]))
        })
        .map(|(text, found)| {
            let end = found["tokio::".len()..].find(|it: char| !it.is_alphanumeric() && it != '_');
            (text, &found[.."tokio::".len() + end.unwrap_or_default()])
        })
        // A page may itself say which feature to add.
        .filter(|(text, used)| {
            let module = used.trim_start_matches("tokio::");
            !text.contains(&format!("`cargo add tokio --features {module}`"))
        })
        .map(|(_, used)| used)
        .collect();
    assert!(uses.contains("tokio::time"), "{uses:?}");
    for (template, manifest) in manifests() {
        let line = manifest.lines().find(|line| line.starts_with("tokio = "));
        let line = line.expect("the package depends on tokio");
        for used in &uses {
            let feature = OF_TOKIO.iter().find(|(name, _)| name == used);
            let feature = feature.unwrap_or_else(|| panic!("{used}: add its feature to this test"));
            assert!(
                line.contains(&format!("{:?}", feature.1)),
                "the guide uses {used}: {template} needs the feature {}",
                feature.1
            );
        }
    }
}

fn root() -> &'static Path {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    ours.parent().expect("the path has a parent")
}

fn manifests() -> Vec<(&'static str, String)> {
    NAMES
        .into_iter()
        .map(|name| {
            let manifest = templates::folder(name).join("Cargo.toml.liquid");
            (
                name,
                fs::read_to_string(manifest).expect("the file can be read"),
            )
        })
        .collect()
}

/// Returns the pages by their paths, except those in `LEFT_OUT`.
fn pages() -> Vec<(String, String)> {
    let mut pages = vec![];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("docs can be read") {
            let path = folder.join(entry.expect("docs can be read").file_name());
            let name = path.display().to_string();
            let is_page = path.extension().is_some_and(|it| it == "md");
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if is_page && LEFT_OUT.iter().all(|(page, _)| *page != name) {
                let text = fs::read_to_string(root().join(&path)).expect("the file can be read");
                pages.push((name, text));
            }
        }
    }
    pages
}

/// Returns the names of the packages as they are written in code.
fn packages_of_the_workspace() -> BTreeSet<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("the file can be read");
    lock.lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .map(|name| name.replace('-', "_"))
        .collect()
}

fn blocks(text: &str, language: &str) -> Vec<String> {
    text.split("\n```")
        .skip(1)
        .step_by(2)
        .filter(|block| block.starts_with(language))
        .map(str::to_owned)
        .collect()
}

/// Returns calls of macros and functions between backticks. A type alone is only mentioned, and no handler would write
/// it.
fn inline(text: &str) -> Vec<String> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|code| code.contains('!') || code.contains('('))
        .map(str::to_owned)
        .collect()
}

/// Returns the first names of paths, such as `tokio` in `tokio::time::sleep`.
fn paths(code: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices("::")
        .filter_map(|(at, _)| {
            let before = &code[..at];
            let name = before.rsplit(|it| !is_part(it)).next()?;
            let is_first = !before[..before.len() - name.len()].ends_with("::");
            (is_first && !name.is_empty()).then(|| name.to_owned())
        })
        .collect()
}
