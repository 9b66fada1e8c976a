//! The table that `--check` prints.

use std::fmt::Write as _;

use super::check::{Row, Verdict};
use crate::text::visible;

/// Returns the table of all checks, with their times.
pub(crate) fn table(rows: &[Row]) -> String {
    let title = "check";
    let width = rows.iter().map(|row| row.name.chars().count()).max();
    let width = width.unwrap_or(0).max(title.len());
    let mut text = format!("{title:width$}  result  {:>9}  details\n", "time");
    for row in rows {
        let unhealthy = row.unhealthy();
        let (result, details) = match &row.verdict {
            Verdict::Passed(found) => ("ok", found.clone()),
            Verdict::Skipped(why) => ("skipped", why.clone()),
            Verdict::Failed(_) => ("FAILED", unhealthy.map(|it| it.reason).unwrap_or_default()),
        };
        let milliseconds = format!("{:.1} ms", row.took.as_secs_f64() * 1000.0);
        let line = format!(
            "{:width$}  {result:7} {milliseconds:>9}  {}",
            row.name,
            visible(&details)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
