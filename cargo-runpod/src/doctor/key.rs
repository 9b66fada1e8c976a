//! The API key. Its value is never shown.

use std::env::{self, VarError};

use super::finding::Finding;

const VARIABLE: &str = "RUNPOD_API_KEY";

/// No key of Runpod is shorter.
const FEWEST_CHARACTERS: usize = 20;

pub(super) fn of_runpod() -> Finding {
    let subject = "API key";
    let fix = "create a key in the Runpod console under Settings, API Keys, and set the variable RUNPOD_API_KEY to the \
               key and nothing else";
    let key = match env::var(VARIABLE) {
        Ok(key) => key,
        Err(VarError::NotPresent) => String::new(),
        Err(VarError::NotUnicode(_)) => {
            return Finding::problem(subject, format!("{VARIABLE} is not UTF-8"), fix);
        }
    };
    if key.is_empty() {
        return Finding::warning(
            subject,
            format!("{VARIABLE} is not set; commands for endpoints on Runpod need it"),
            fix,
        );
    }
    match defect(&key) {
        Some(defect) => Finding::problem(subject, format!("{VARIABLE} {defect}"), fix),
        None => Finding::ok(
            subject,
            format!("{VARIABLE} is set and has the form of a key; it was not sent to Runpod"),
        ),
    }
}

/// Returns what is wrong with the key, without a part of it.
fn defect(key: &str) -> Option<String> {
    let is_fit = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    if key.contains(char::is_whitespace) {
        Some("contains a space or a line break".to_owned())
    } else if key.contains(['"', '\'']) {
        Some("contains quotes".to_owned())
    } else if key.to_ascii_lowercase().starts_with("bearer") {
        Some("begins with `Bearer`, which the commands add themselves".to_owned())
    } else if !key.chars().all(is_fit) {
        Some(
            "contains characters that no key has; a key has letters, digits, `_` and `-`"
                .to_owned(),
        )
    } else if key.len() < FEWEST_CHARACTERS {
        Some(format!(
            "has {} characters, and a key has at least {FEWEST_CHARACTERS}",
            key.len()
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defect_is_named_and_the_key_is_not() {
        assert_eq!(defect("rpa_0123456789ABCDEFGHIJ"), None);
        for (key, told) in [
            ("rpa_0123456789SECRETSECRET\n", "line break"),
            ("\"rpa_0123456789SECRETSECRET\"", "quotes"),
            ("Bearer-rpa_0123456789SECRET", "Bearer"),
            ("rpa_0123456789SECRET=SECRET", "characters that no key has"),
            ("SECRET", "6 characters"),
        ] {
            let defect = defect(key).unwrap();
            assert!(defect.contains(told), "{defect}");
            assert!(!defect.contains("SECRET"), "{defect}");
        }
    }
}
