//! The Rust toolchain and its linker.

use std::env;
use std::ffi::OsString;

use super::finding::Finding;
use super::programs::{Answer, ask, line};

/// The oldest Rust that compiles a worker. All packages of the project have the same `rust-version`.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

const INSTALL: &str = "install Rust from https://rustup.rs, and open a new terminal";

pub(super) async fn toolchain() -> Finding {
    let subject = "Rust";
    let cargo = match ask(program("CARGO", "cargo"), &["--version"], "").await {
        Answer::Said(version) => version,
        other => return Finding::problem(subject, other.told("cargo"), INSTALL),
    };
    let rustc = match ask(rustc(), &["--version"], "").await {
        Answer::Said(version) => version,
        other => return Finding::problem(subject, other.told("rustc"), INSTALL),
    };
    let found = format!("{}, {}", version_of(&rustc), version_of(&cargo));
    match (numbers(&rustc), numbers(OLDEST)) {
        (Some(found_numbers), Some(oldest)) if found_numbers < oldest => Finding::problem(
            subject,
            format!("{found}; workers need Rust {OLDEST} or newer"),
            "run `rustup update`, and check that no `rust-toolchain.toml` of this folder selects an older version",
        ),
        (Some(_), _) => Finding::ok(subject, found),
        (None, _) => Finding::warning(
            subject,
            format!("cannot read the version of rustc: {}", line(&rustc)),
            INSTALL,
        ),
    }
}

/// Compiles and links an empty program, which also needs the standard library and the C library.
pub(super) async fn linker() -> Finding {
    let subject = "linker";
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            return Finding::problem(
                subject,
                format!("cannot create a temporary folder: {error}"),
                "set TMPDIR to a folder in which you may create files",
            );
        }
    };
    let program = folder.path().join("empty").display().to_string();
    let arguments = ["--edition=2024", "--crate-name=empty", "-o", &program, "-"];
    match ask(rustc(), &arguments, "fn main() {}\n").await {
        Answer::Said(_) => Finding::ok(subject, "an empty program compiles and links"),
        Answer::Missing => Finding::problem(subject, Answer::Missing.told("rustc"), INSTALL),
        other => Finding::problem(
            subject,
            format!("an empty program does not link: {}", other.told("rustc")),
            "install a C toolchain: `apt-get install gcc libc6-dev` on Debian, `xcode-select --install` on macOS",
        ),
    }
}

pub(super) fn rustc() -> OsString {
    program("RUSTC", "rustc")
}

/// Returns the program that cargo would use.
pub(super) fn program(variable: &str, usual: &str) -> OsString {
    let given = env::var_os(variable).filter(|it| !it.is_empty());
    given.unwrap_or_else(|| usual.into())
}

/// Returns the name and the version, without the commit: `rustc 1.95.0`.
fn version_of(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().take(2).collect();
    line(&words.join(" "))
}

fn numbers(text: &str) -> Option<(u32, u32)> {
    let version = text
        .split_whitespace()
        .find(|word| word.starts_with(|it: char| it.is_ascii_digit()))?;
    let mut numbers = version.split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(numbers("rustc 1.9.0 (abc 2016-05-18)"), Some((1, 9)));
        assert_eq!(numbers("1.91"), Some((1, 91)));
        assert_eq!(numbers("rustc 1.99.0-nightly (abc)"), Some((1, 99)));
        assert_eq!(numbers("rustc"), None);
        assert!(numbers("rustc 1.9.0") < numbers("1.91"));
    }
}
