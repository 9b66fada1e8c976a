//! The lines of this command, among those of cargo and of the workers: `dev: …`, on standard error as cargo's are.

use std::io::{IsTerminal as _, Write as _};

/// What happens.
pub(super) fn note(text: &str) {
    line("36", text);
}

/// What goes wrong.
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
    // A terminal that was closed must not end this program before its workers.
    let _ = writeln!(out, "{prefix} {text}");
}

/// Whether colours go to what is a terminal or is none.
pub(super) fn in_color(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// `1 job`, `2 jobs`.
pub(super) fn jobs(number: usize) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} job{s}")
}
