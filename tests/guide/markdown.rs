//! Parses the pages, as far as the tests need it.

use std::fs;
use std::path::{Path, PathBuf};

const FENCE: &str = "```";

/// A parsed page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The path from the root of the repository, such as `docs/how-to/serve-chat.md`.
    pub(crate) path: PathBuf,
    pub(crate) blocks: Vec<Block>,
    headings: Vec<String>,
    /// The paragraphs, without code blocks and without code between backticks.
    paragraphs: Vec<String>,
}

/// A block of code.
#[derive(Debug)]
pub(crate) struct Block {
    /// The words after the fence, such as `rust,no_run`.
    pub(crate) info: String,
    /// The first of these words, such as `rust`.
    pub(crate) language: String,
    pub(crate) text: String,
    /// The heading above the block.
    pub(crate) heading: String,
    /// The comment in the line before the block: `examples/chat.rs` for `<!-- examples/chat.rs -->`.
    pub(crate) comment: Option<String>,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the pages of the guide, and the pages in the root of the repository.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(PathBuf::from)
        .into();
    paths.extend(guide());
    paths.into_iter().map(Page::read).collect()
}

/// Returns the path of every page under `docs`, sorted by name.
pub(crate) fn guide() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder)).expect("docs can be read");
        for entry in entries {
            let path = folder.join(entry.expect("docs can be read").file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

impl Page {
    pub(crate) fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(root().join(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(path, &text)
    }

    fn parse(path: PathBuf, text: &str) -> Self {
        let mut page = Self {
            path,
            blocks: Vec::new(),
            headings: Vec::new(),
            paragraphs: vec![String::new()],
        };
        let mut before = "";
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(info) = line.strip_prefix(FENCE) {
                let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != FENCE).collect();
                let comment = before
                    .strip_prefix("<!-- ")
                    .and_then(|rest| rest.strip_suffix(" -->"));
                page.blocks.push(Block {
                    info: info.to_owned(),
                    language: info.split([',', ' ']).next().unwrap_or_default().to_owned(),
                    text: inside.join("\n"),
                    heading: page.headings.last().cloned().unwrap_or_default(),
                    comment: comment.map(str::to_owned),
                });
            } else if line.trim().is_empty() {
                page.paragraphs.push(String::new());
            } else {
                if line.starts_with('#') {
                    page.headings
                        .push(line.trim_start_matches('#').trim().to_owned());
                }
                let paragraph = page.paragraphs.last_mut().expect("a page has a paragraph");
                paragraph.push_str(line);
                paragraph.push('\n');
            }
            before = line;
        }
        for paragraph in &mut page.paragraphs {
            // Backticks come in pairs, so every second part is code.
            let outside = paragraph.split('`').step_by(2);
            *paragraph = outside.collect::<Vec<_>>().join("`");
        }
        page
    }

    /// Returns the targets of the page's links, as they are written.
    pub(crate) fn links(&self) -> Vec<String> {
        let mut links = Vec::new();
        for paragraph in &self.paragraphs {
            for after in paragraph.split("](").skip(1) {
                let target = after.split(')').next().unwrap_or_default();
                links.push(target.to_owned());
            }
        }
        links
    }

    /// Returns the anchors of the page's headings, as GitHub makes them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for heading in &self.headings {
            let plain: String = heading
                .to_lowercase()
                .chars()
                .filter(|char| char.is_alphanumeric() || " -_".contains(*char))
                .map(|char| if char == ' ' { '-' } else { char })
                .collect();
            let mut anchor = plain.clone();
            let mut number = 0;
            while anchors.contains(&anchor) {
                number += 1;
                anchor = format!("{plain}-{number}");
            }
            anchors.push(anchor);
        }
        anchors
    }
}

#[test]
fn a_page_is_taken_apart() {
    let text = "# One `Thing`, two\n\nsee [`x`](a.md#b) and `[no](c.md)`\n\n## Ours\n\n<!-- examples/x.rs -->\n```rust,no_run\n# [in](d.md)\n```\n\n## Ours\n";
    let page = Page::parse(PathBuf::from("x.md"), text);
    assert_eq!(page.links(), ["a.md#b"]);
    assert_eq!(page.anchors(), ["one-thing-two", "ours", "ours-1"]);
    let block = &page.blocks[0];
    assert_eq!(
        (&*block.language, &*block.heading, &*block.text),
        ("rust", "Ours", "# [in](d.md)")
    );
    assert_eq!(block.comment.as_deref(), Some("examples/x.rs"));
}
