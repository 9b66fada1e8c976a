//! The result of a check, and the table of all results.

use std::fmt::Write as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    /// Concerns only some commands, which the text names.
    Warning,
    Problem,
}

#[derive(Debug)]
pub(super) struct Finding {
    pub(super) subject: &'static str,
    pub(super) level: Level,
    /// What was found, on one line.
    pub(super) found: String,
    /// How to repair it. `None` if all is well.
    pub(super) fix: Option<String>,
}

impl Finding {
    pub(super) fn ok(subject: &'static str, found: impl Into<String>) -> Self {
        Self {
            subject,
            level: Level::Ok,
            found: found.into(),
            fix: None,
        }
    }

    pub(super) fn warning(
        subject: &'static str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Warning,
            fix: Some(fix.into()),
            ..Self::ok(subject, found)
        }
    }

    pub(super) fn problem(
        subject: &'static str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Problem,
            ..Self::warning(subject, found, fix)
        }
    }
}

/// Returns the lines of the table. A line with the remedy follows each warning and each problem.
pub(super) fn table(findings: &[Finding]) -> String {
    let widest = findings.iter().map(|it| it.subject.len()).max();
    let width = widest.unwrap_or_default();
    let mut text = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "problem",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{level:<7}  {:<width$}  {}",
            finding.subject, finding.found
        );
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "{:<7}  {:<width$}  fix: {fix}", "", "");
        }
    }
    text
}
