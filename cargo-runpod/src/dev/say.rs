//! Prints this command's own lines among those of cargo and of the workers: `dev: …`, on stderr as cargo's are.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// Reports an event.
pub(super) fn note(text: &str) {
    line("36", text);
}

/// Reports a problem.
pub(super) fn fault(text: &str) {
    line("31", text);
}

fn line(color: &str, text: &str) {
    let mut out = std::io::stderr().lock();
    let prefix = if in_color(out.is_terminal()) {
        format!("\u{1b}[{color}mdev:\u{1b}[0m")
    } else {
        "dev:".to_owned()
    };
    // If the terminal is closed, this program must still stop its workers before it exits.
    let _ = writeln!(out, "{prefix} {text}");
}

/// Tells whether to write colours, given whether the output is a terminal.
pub(super) fn in_color(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Names the first of these files: `src/main.rs and 2 more`. Paths are relative to the workspace if possible.
pub(super) fn files(files: &[PathBuf], workspace: &Path) -> String {
    let workspace = workspace.canonicalize().unwrap_or_default();
    let first = files.first().map_or(Path::new(""), PathBuf::as_path);
    let first = first.strip_prefix(workspace).unwrap_or(first).display();
    match files.len() {
        0 | 1 => first.to_string(),
        number => format!("{first} and {} more", number - 1),
    }
}
