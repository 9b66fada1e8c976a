//! Makes the edits that a page asks for. The page names the file in a comment before a block: `<!-- src/main.rs -->`. A
//! block of the language `diff` replaces lines of the file. Any other block is the whole file.

use std::fs;
use std::path::Path;

use crate::markdown::{Block, Page};

/// Returns the blocks of a page that are edits, in order.
pub(super) fn of(page: &Page) -> impl Iterator<Item = &Block> {
    page.blocks.iter().filter(|block| {
        let comment = block.comment.as_deref();
        // The other blocks with a comment are quotes.
        comment.is_some_and(|file| {
            !file.starts_with("examples/") && !file.starts_with("cargo-runpod/")
        })
    })
}

/// Makes the edit in `block`, which must name `file`, in `folder`.
pub(super) fn make(block: Option<&Block>, file: &str, folder: &Path) -> Result<(), String> {
    let block = block.ok_or_else(|| format!("the page has no block `<!-- {file} -->`"))?;
    if block.comment.as_deref() != Some(file) {
        return Err(format!(
            "the page's next edit is of {:?}, not of {file}",
            block.comment
        ));
    }
    let path = folder.join(file);
    let text = if block.language == "diff" {
        let before = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        replaced(&before, &block.text)?
    } else {
        format!("{}\n", block.text)
    };
    fs::write(&path, text).map_err(|error| format!("{file}: {error}"))
}

/// Replaces each group of lines that start with `-` by the lines with `+` that follow it.
fn replaced(text: &str, diff: &str) -> Result<String, String> {
    let mut text = text.to_owned();
    let mut lines = diff.lines().peekable();
    while lines.peek().is_some() {
        let mut group = |mark| {
            let mut group = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with(mark)) {
                group.push_str(&line[1..]);
                group.push('\n');
            }
            group
        };
        let (old, new) = (group('-'), group('+'));
        if old.is_empty() || text.matches(&old).count() != 1 {
            return Err(format!("these lines are not in the file once:\n{old}"));
        }
        text = text.replace(&old, &new);
    }
    Ok(text)
}

#[test]
fn lines_are_replaced() {
    let text = "a\n  b\nc\nd\n";
    assert_eq!(
        replaced(text, "-  b\n+  B\n+x\n-d\n+D").unwrap(),
        "a\n  B\nx\nc\nD\n"
    );
    assert!(replaced(text, "-e\n+f").is_err());
    assert!(replaced(text, " a\n-c\n+d").is_err());
}
