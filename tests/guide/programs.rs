//! Tests that the Rust code on the pages is compiled, and that the whole programs on them are the examples, which other
//! tests run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::markdown::{Page, guide, pages, root};

/// Pages whose code is not a documentation test, each with the reason.
const LEFT_OUT: [(&str, &str); 2] = [
    (
        "docs/reference/compiler-errors.md",
        "its programs do not compile on purpose; tests/mistakes_page.rs and tests/ui test them",
    ),
    (
        "docs/explanation/what-the-attributes-generate.md",
        "its code is generated; runpod-macros/src/show_tests.rs tests it",
    ),
];

/// Pages that must quote an example.
const RECIPES: [&str; 7] = [
    "docs/how-to/compute-embeddings.md",
    "docs/how-to/keep-a-model-on-a-volume.md",
    "docs/how-to/images-and-audio.md",
    "docs/how-to/images-from-urls-to-a-bucket.md",
    "docs/how-to/run-long-jobs.md",
    "docs/how-to/run-several-handlers.md",
    "docs/how-to/serve-chat.md",
];

/// Returns an example or a template without its header and its tests, which is the part that a page quotes.
fn program(file: &str) -> String {
    let text =
        fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().skip_while(|line| line.starts_with("//!"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[test]
fn quoted_examples_are_the_examples_word_for_word() {
    let mut quoted = BTreeSet::new();
    for page in pages() {
        for block in page.blocks {
            let is_quote = |file: &String| {
                file.starts_with("examples/") || file.starts_with("cargo-runpod/templates/")
            };
            let Some(file) = block.comment.filter(is_quote) else {
                continue;
            };
            assert!(
                block.text == program(&file),
                "{} quotes {file}, but shows different code: copy the program without its header and tests",
                page.path.display()
            );
            quoted.insert(page.path.clone());
        }
    }
    let without: Vec<_> = RECIPES
        .into_iter()
        .filter(|page| !quoted.contains(Path::new(page)))
        .collect();
    assert!(
        without.is_empty(),
        "these pages must quote an example: {without:?}"
    );
}

#[test]
fn every_page_with_rust_in_it_is_a_documentation_test() {
    let library =
        fs::read_to_string(root().join("src/guides.rs")).expect("src/guides.rs can be read");
    for path in guide() {
        let page = Page::read(path);
        let has_rust = page.blocks.iter().any(|block| block.language == "rust");
        let name = page.path.display();
        let is_included = library.contains(&format!("include_str!(\"../{name}\")"));
        let is_left_out = LEFT_OUT
            .iter()
            .any(|(path, _)| page.path == Path::new(path));
        assert!(
            !has_rust || is_included != is_left_out,
            "add {name} to src/guides.rs, or to LEFT_OUT with a reason"
        );
        for block in page.blocks.iter().filter(|_| !is_left_out) {
            assert_ne!(
                block.info, "rust,ignore",
                "{name} has code that no test compiles"
            );
        }
    }
}
