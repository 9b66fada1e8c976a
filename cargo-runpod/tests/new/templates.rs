//! The folders of the templates.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const NAMES: [&str; 7] = ["basic", "stream", "model", "chat", "embed", "speech", "ocr"];

/// The templates without a model library. Their workers are compiled in seconds.
pub(crate) const SMALL: [&str; 3] = ["basic", "stream", "model"];

/// Returns the folder of a template in our repository.
pub(crate) fn folder(template: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("templates")
        .join(template)
}

/// Returns every file below `folder`.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("the file is a text");
                let name = path.strip_prefix(folder).expect("the path has this prefix");
                files.insert(name.to_owned(), text);
            }
        }
    }
    files
}

/// If a shared file differs in one template, a change was forgotten in the others.
#[test]
fn files_that_say_the_same_in_every_template_are_the_same() {
    let [basic, stream, model, chat, embed, speech, ocr] = NAMES.map(|name| files(&folder(name)));
    for path in ["cargo-generate.rhai", "cargo-generate.toml"] {
        let path = Path::new(path);
        for other in [&stream, &model, &chat, &embed, &speech, &ocr] {
            assert_eq!(basic[path], other[path], "{}", path.display());
        }
    }
    let ignored_by_git = Path::new(".gitignore");
    assert_eq!(basic[ignored_by_git], stream[ignored_by_git]);
    assert_eq!(basic[ignored_by_git], model[ignored_by_git]);
    // In development, the weights are in the worker's folder.
    let with_weights = format!("{}/models\n", basic[ignored_by_git]);
    assert_eq!(with_weights, chat[ignored_by_git]);
    assert_eq!(with_weights, embed[ignored_by_git]);
    let with_model = format!("{}/model\n", basic[ignored_by_git]);
    for other in [&speech, &ocr] {
        assert_eq!(with_model, other[ignored_by_git]);
    }
    for path in [".dockerignore", "Dockerfile"] {
        assert_eq!(speech[Path::new(path)], ocr[Path::new(path)], "{path}");
    }
    for path in [".dockerignore", "Dockerfile", "test_input.json"] {
        let path = Path::new(path);
        assert_eq!(basic[path], stream[path], "{}", path.display());
    }
    // The image of a model contains the model, and a model library needs optimisations. Everything else is the same.
    let manifest = Path::new("Cargo.toml.liquid");
    assert_eq!(basic[manifest], stream[manifest]);
    let image = "\n# Files that `cargo runpod build` copies into the image, next to the program.\n\
                 [package.metadata.runpod.image]\ninclude = [\"model\"]\n";
    let (of_model, profile) = model[manifest]
        .split_once("\n# Dependencies are optimised")
        .expect("the model's profile");
    assert!(profile.ends_with("\n[profile.dev.package.\"*\"]\nopt-level = 3\n"));
    assert_eq!(basic[manifest], of_model.replace(image, ""));
    let dockerfile = Path::new("Dockerfile");
    let stage = |text: &str| text.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n");
    assert_eq!(stage(&basic[dockerfile]), stage(&model[dockerfile]));
    let ignored = Path::new(".dockerignore");
    assert_eq!(format!("{}!model\n", basic[ignored]), model[ignored]);
    assert_eq!(model[ignored], speech[ignored]);
    assert_eq!(stage(&model[dockerfile]), stage(&speech[dockerfile]));
}

/// Both renderers read only `{{ name }}` in the same way.
#[test]
fn no_template_says_what_jinja_and_liquid_read_differently() {
    for name in NAMES {
        for (path, text) in files(&folder(name)) {
            let path = path.display();
            for mark in ["{#", "{%"] {
                assert!(!text.contains(mark), "{mark} in {name}/{path}");
            }
            for tag in text.split("{{").skip(1) {
                let said = tag.split("}}").next().unwrap_or_default();
                assert!(
                    [" project_name ", " runpod_dependency "].contains(&said),
                    "{{{{{said}}}}} in {name}/{path}"
                );
            }
        }
    }
}
