//! `docs/reference/compiler-errors.md` quotes cases of `tests/ui/fail` and what the compiler says to them: word for word.
//!
//! After messages have changed, `TRYBUILD=overwrite cargo test --test ui` writes the cases' files, and then
//! `TRYBUILD=overwrite cargo test --test mistakes_page` the quotes of them.

use std::fs;
use std::path::{Path, PathBuf};

/// Blocks that quote a case say so in their first line: ```` ```text two_inputs.stderr ````.
const FENCE: &str = "```";

#[derive(Debug)]
struct Quote {
    /// Such as `two_inputs.stderr`.
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

/// What the case's file holds, without blank lines around it.
fn original(file: &str) -> String {
    let text = read(&root().join("tests/ui/fail").join(file));
    text.trim().to_owned()
}

/// The file that the block which opens with `line` quotes, if it quotes one.
fn quoted_file(line: &str) -> Option<&str> {
    let (_, file) = line.strip_prefix(FENCE)?.split_once(' ')?;
    Some(file.trim())
}

/// Whether `file` is a message, and not the program that it is about.
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

/// The page with each quoted message as its case's file has it today.
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

/// How many errors the compiler reported.
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
        fs::write(page(), &text).expect("the page is written");
    }
    let messages: Vec<Quote> = quotes(&text)
        .into_iter()
        .filter(|quote| is_message(&quote.file))
        .collect();
    assert_eq!(messages.len(), 10, "the page is about ten mistakes");
    for quote in messages {
        assert!(
            quote.text == original(&quote.file),
            "docs/reference/compiler-errors.md does not say what tests/ui/fail/{} says; read the difference, then have it written with \
             `TRYBUILD=overwrite cargo test --test mistakes_page`",
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
    assert_eq!(programs.len(), 10, "the page is about ten mistakes");
    for quote in programs {
        // Without the imports and the empty `main`, which are the same in all of them.
        assert!(
            original(&quote.file).contains(&quote.text),
            "docs/reference/compiler-errors.md quotes tests/ui/fail/{} and shows something else",
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
            let ours = row.split('|').nth(2).expect("a second column");
            ours.trim().parse().expect("a number of errors")
        })
        .collect();
    let quoted: Vec<usize> = quotes(&text)
        .iter()
        .filter(|quote| is_message(&quote.file))
        .map(|quote| errors(&quote.text))
        .collect();
    assert_eq!(counted, quoted);
}
