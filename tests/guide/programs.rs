//! What the pages show in Rust is compiled, and their whole programs are the examples, which are run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::markdown::{Page, guide, pages, root};

/// Pages whose code is no documentation test, each with the reason.
const LEFT_OUT: [(&str, &str); 2] = [
    (
        "docs/reference/compiler-errors.md",
        "its programs are mistakes; tests/mistakes_page.rs and tests/ui hold them",
    ),
    (
        "docs/explanation/what-the-attributes-generate.md",
        "it shows what the compiler gets to see; runpod-macros/src/show_tests.rs holds it",
    ),
];

/// An example without its header: what a page quotes of it.
fn program(file: &str) -> String {
    let text =
        fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines = text.lines().skip_while(|line| line.starts_with("//!"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[test]
fn quoted_examples_are_the_examples_word_for_word() {
    let mut quoted = BTreeSet::new();
    for page in pages() {
        for block in page.blocks {
            let Some(file) = block.comment.filter(|it| it.starts_with("examples/")) else {
                continue;
            };
            assert!(
                block.text == program(&file),
                "{} quotes {file} and shows something else: copy the example without its header",
                page.path.display()
            );
            quoted.insert(page.path.clone());
        }
    }
    let recipes: BTreeSet<_> = guide()
        .into_iter()
        .filter(|page| page.starts_with("docs/recipes"))
        .collect();
    let without: Vec<_> = recipes.difference(&quoted).collect();
    assert!(without.is_empty(), "no program is quoted in {without:?}");
}

#[test]
fn every_page_with_rust_in_it_is_a_documentation_test() {
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("there is src/lib.rs");
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
            "the code of {name} belongs into the module `guides` of src/lib.rs, or into LEFT_OUT with a reason"
        );
        for block in page.blocks.iter().filter(|_| !is_left_out) {
            assert_ne!(
                block.info, "rust,ignore",
                "{name} has code that nothing compiles"
            );
        }
    }
}
