//! Prints the plan: the differences for a person, and the request for `--dry-run`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use super::changes::Change;
use super::secret;
use crate::invoke::safe_text;
use crate::rest::endpoint::Body;

/// Prints the changes on stderr, aligned.
pub(super) fn changes(title: &str, changes: &[Change]) {
    let width = changes
        .iter()
        .map(|change| change.field.len())
        .max()
        .unwrap_or_default();
    let mut text = format!("{title}\n");
    for Change { field, from, to } in changes {
        let shown = |value: &str| safe_text::line(value, 200);
        let value = match (from, to) {
            (Some(from), Some(to)) if from == to => format!("{} (changed)", shown(to)),
            (Some(from), Some(to)) => format!("{} -> {}", shown(from), shown(to)),
            (None, Some(to)) => shown(to),
            (Some(from), None) => format!("{} -> removed", shown(from)),
            (None, None) => continue,
        };
        let _ = writeln!(text, "  {:width$}  {value}", safe_text::line(field, 100));
    }
    let _ = write!(io::stderr(), "{text}");
}

/// Prints a request on stdout as it would be sent, without the key and with secret values hidden.
pub(super) fn request(method: &str, url: &str, body: &Body) -> io::Result<()> {
    let json = serde_json::to_value(body)
        .map(secret::masked)
        .map_err(io::Error::other)?;
    writeln!(io::stdout(), "{method} {url}\n{json:#}")
}
