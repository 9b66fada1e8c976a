//! What is wrong with the configuration: every fault at once, each written for the person who has to cure it.

use std::fmt;

use super::secret::Secrets;
use crate::text::start_of;

/// How much of a value that was found is shown.
const FOUND_LIMIT: usize = 60;

/// One thing that cannot be used: its name, what is wrong with it, what was expected, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    subject: String,
    problem: String,
    expected: Option<String>,
    remedy: Option<String>,
    /// Lines that show the place, below the sentence.
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

    /// The same fault without the secrets: a key pasted into the wrong variable must not be printed either.
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

/// Everything that is wrong with the environment and the arguments.
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

    /// One for each thing that is wrong, in the order of the settings.
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

/// `found "…"`, with the value cut to a length and nothing in it that a terminal would obey.
pub(super) fn found(value: &str) -> String {
    format!("found \"{}\"", cut(value))
}

/// The beginning of a value, on one line.
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
