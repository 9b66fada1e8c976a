//! Configuration errors. All faults are reported together, each with a remedy for the user.

use std::fmt;

use super::secret::Secrets;
use crate::text::start_of;

/// The maximum number of characters of an invalid value that an error shows.
const FOUND_LIMIT: usize = 60;

/// One invalid setting: its name, the problem, the expected value, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    subject: String,
    problem: String,
    expected: Option<String>,
    remedy: Option<String>,
    /// Lines below the message that show where the problem is.
    excerpt: Option<String>,
}

impl Fault {
    pub(super) fn new(subject: &str, problem: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            problem: problem.into(),
            expected: None,
            remedy: None,
            excerpt: None,
        }
    }

    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(super) fn excerpt(mut self, excerpt: String) -> Self {
        self.excerpt = Some(excerpt);
        self
    }

    /// Returns the fault with the secrets redacted, because a user may have pasted a key into the wrong variable.
    fn redacted(self, secrets: &Secrets) -> Self {
        let clean = |text: String| secrets.redact(&text).into_owned();
        Self {
            subject: self.subject,
            problem: clean(self.problem),
            expected: self.expected.map(clean),
            remedy: self.remedy.map(clean),
            excerpt: self.excerpt.map(clean),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.problem)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "; {remedy}")?;
        }
        for line in self.excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            write!(f, "\n      {line}")?;
        }
        Ok(())
    }
}

/// All faults in the environment and the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    pub(super) fn new(faults: Vec<Fault>, secrets: &Secrets) -> Self {
        let faults = faults.into_iter().map(|fault| fault.redacted(secrets));
        Self {
            faults: faults.collect(),
        }
    }

    /// Returns the faults in the order of the settings.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the worker cannot start with this configuration:")?;
        for fault in &self.faults {
            write!(f, "\n  - {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Returns `found "…"` with the value truncated and its control characters escaped.
pub(super) fn found(value: &str) -> String {
    format!("found \"{}\"", cut(value))
}

/// Returns the beginning of a value on one line.
pub(super) fn cut(value: &str) -> String {
    start_of(value, FOUND_LIMIT).escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn every_fault_has_its_line_with_name_finding_expectation_and_remedy() {
        let error = ConfigError::new(
            vec![
                Fault::new("RUNPOD_A", found("x"))
                    .expected("a number")
                    .remedy("correct it"),
                Fault::new("--b", "no value given"),
            ],
            &Secrets::default(),
        );
        assert_eq!(
            error.to_string(),
            "the worker cannot start with this configuration:\n  \
             - RUNPOD_A: found \"x\"; expected a number; correct it\n  \
             - --b: no value given"
        );
    }

    #[test]
    fn an_excerpt_stands_below_its_fault() {
        let fault = Fault::new("--b", "not JSON").excerpt("{]\n ^".to_owned());
        assert_eq!(fault.to_string(), "--b: not JSON\n      {]\n       ^");
    }

    #[test]
    fn a_long_value_is_cut_between_characters_and_controls_are_escaped() {
        let shown = found(&format!("\u{1b}[2J\n{}", "ä".repeat(100)));
        assert_eq!(
            shown,
            format!("found \"\\u{{1b}}[2J\\n{}…\"", "ä".repeat(FOUND_LIMIT - 5))
        );
        assert_eq!(found("short"), "found \"short\"");
    }

    #[test]
    fn a_key_in_the_wrong_variable_is_redacted() {
        let fault = Fault::new("RUNPOD_PING_INTERVAL", found("rpa_SECRETKEY"));
        let error = ConfigError::new(vec![fault], &Secret::new("rpa_SECRETKEY").into());
        assert_eq!(
            error.faults()[0].to_string(),
            "RUNPOD_PING_INTERVAL: found \"[redacted]\""
        );
    }
}
