//! Reads the pairs from `docs/how-to/move-from-python.md`.

use std::path::PathBuf;

use crate::markdown::Page;

/// The same worker in both languages.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// The heading above the pair.
    pub(crate) heading: String,
    /// The heading as a file name.
    pub(crate) name: String,
    pub(crate) python: String,
    pub(crate) rust: String,
}

pub(crate) fn pairs() -> Vec<Pair> {
    let page = Page::read(PathBuf::from("docs/how-to/move-from-python.md"));
    let mut pairs = Vec::new();
    let mut blocks = page.blocks.into_iter();
    while let Some(python) = blocks.next() {
        let heading = python.heading;
        assert_eq!(
            python.language, "python",
            "{heading}: the Python program must come first"
        );
        let rust = blocks
            .next()
            .filter(|rust| rust.language == "rust" && rust.heading == heading);
        let rust = rust
            .unwrap_or_else(|| panic!("{heading}: a Rust program must follow the Python program"));
        pairs.push(Pair {
            name: file_name(&heading),
            heading,
            python: python.text,
            rust: rust.text,
        });
    }
    pairs
}

fn file_name(heading: &str) -> String {
    let plain: String = heading
        .to_lowercase()
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char
            } else {
                '_'
            }
        })
        .collect();
    // The prefix avoids conflicts with other programs in cargo's output folder.
    format!("pair_{}", plain.replace("__", "_"))
}
