//! Tests that `docs/reference/compiler-errors.md` quotes the cases in `tests/ui/fail` and their errors word for word.
//!
//! After you change a message, run `TRYBUILD=overwrite cargo test --test ui` to rewrite the errors of the cases. Then
//! run `TRYBUILD=overwrite cargo test --test mistakes_page` to rewrite the quotes on the page.

use std::fs;
use std::path::{Path, PathBuf};

/// The fence of a code block. A block that quotes a case names its file: ```` ```text two_inputs.stderr ````.
const FENCE: &str = "```";

#[derive(Debug)]
struct Quote {
    /// The name of the quoted file, such as `two_inputs.stderr`.
    file: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> PathBuf {
    root().join("docs/reference/compiler-errors.md")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the contents of the case's file, without blank lines at the start or the end.
fn original(file: &str) -> String {
    let text = read(&root().join("tests/ui/fail").join(file));
    text.trim().to_owned()
}

/// Returns the file that a block quotes, if it quotes one. `line` is the first line of the block.
fn quoted_file(line: &str) -> Option<&str> {
    let (_, file) = line.strip_prefix(FENCE)?.split_once(' ')?;
    Some(file.trim())
}

/// Returns whether `file` contains an error message instead of a program.
fn is_message(file: &str) -> bool {
    file.rsplit_once('.')
        .is_some_and(|(_, ending)| ending == "stderr")
}

fn quotes(page: &str) -> Vec<Quote> {
    let mut quotes = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(file) = quoted_file(line) {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != FENCE).collect();
            quotes.push(Quote {
                file: file.to_owned(),
                text: text.join("\n"),
            });
        }
    }
    quotes
}

/// Returns the page with each quoted message replaced by the current contents of its case's file.
fn renewed(page: &str) -> String {
    let mut renewed = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        renewed.push_str(line);
        renewed.push('\n');
        if let Some(file) = quoted_file(line).filter(|file| is_message(file)) {
            renewed.push_str(&original(file));
            renewed.push_str("\n```\n");
            lines.by_ref().find(|line| *line == FENCE);
        }
    }
    renewed
}

/// Counts the errors in a compiler message.
fn errors(message: &str) -> usize {
    message
        .lines()
        .filter(|line| line.starts_with("error"))
        .count()
}

#[test]
fn messages_are_quoted_as_the_compiler_says_them() {
    let mut text = read(&page());
    if std::env::var_os("TRYBUILD").is_some_and(|value| value == "overwrite") {
        text = renewed(&text);
        fs::write(page(), &text).expect("the page can be written");
    }
    let messages: Vec<Quote> = quotes(&text)
        .into_iter()
        .filter(|quote| is_message(&quote.file))
        .collect();
    assert_eq!(messages.len(), 10, "the page must quote ten messages");
    for quote in messages {
        assert!(
            quote.text == original(&quote.file),
            "docs/reference/compiler-errors.md differs from tests/ui/fail/{}; read the difference, then rewrite the quote \
             with `TRYBUILD=overwrite cargo test --test mistakes_page`",
            quote.file
        );
    }
}

#[test]
fn programs_are_quoted_from_their_cases() {
    let programs: Vec<Quote> = quotes(&read(&page()))
        .into_iter()
        .filter(|quote| !is_message(&quote.file))
        .collect();
    assert_eq!(programs.len(), 10, "the page must quote ten programs");
    for quote in programs {
        // The page leaves out the imports and the empty `main`, which are the same in all cases.
        assert!(
            original(&quote.file).contains(&quote.text),
            "docs/reference/compiler-errors.md quotes tests/ui/fail/{}, but shows different code",
            quote.file
        );
    }
}

#[test]
fn the_table_counts_the_errors_of_each_mistake() {
    let text = read(&page());
    let counted: Vec<usize> = text
        .lines()
        .filter(|line| line.starts_with("| ["))
        .map(|row| {
            let ours = row
                .split('|')
                .nth(2)
                .expect("the table has a second column");
            ours.trim().parse().expect("the second column is a number")
        })
        .collect();
    let quoted: Vec<usize> = quotes(&text)
        .iter()
        .filter(|quote| is_message(&quote.file))
        .map(|quote| errors(&quote.text))
        .collect();
    assert_eq!(counted, quoted);
}
