//! Environment values that must not be shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::invoke::safe_text;

pub(super) const HIDDEN: &str = "(hidden)";

/// Parts of names whose values are usually secret.
const NAMES: [&str; 15] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PWD",
    "CREDENTIAL",
    "AUTH",
    "PRIVATE",
    "COOKIE",
    "SALT",
    "DSN",
    "SIGNATURE",
    "CERT",
];
/// How keys of well-known services begin.
const PREFIXES: [&str; 11] = [
    "hf_",
    "sk-",
    "rpa_",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "AKIA",
    "xox",
    "eyJ",
    "-----BEGIN",
];

/// Tells whether a value should not be shown: by its name, or by its form.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_uppercase();
    NAMES.iter().any(|part| name.contains(part))
        || PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        || has_password(value)
        || is_random(value)
}

/// Tells whether an address contains a password: `scheme://user:password@host`.
fn has_password(value: &str) -> bool {
    value
        .split_once("://")
        .and_then(|(_, rest)| rest.split('/').next())
        .is_some_and(|authority| authority.contains('@'))
}

/// Tells whether a value is a long word that mixes letters and digits, as generated keys do.
fn is_random(value: &str) -> bool {
    let is_word = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_+=".contains(&byte));
    value.len() >= 24
        && is_word
        && value.bytes().filter(u8::is_ascii_digit).count() >= 3
        && value.bytes().filter(u8::is_ascii_alphabetic).count() >= 3
}

/// Returns the value as it may be shown.
pub(super) fn shown(name: &str, value: &str) -> String {
    if is_secret(name, value) {
        HIDDEN.to_owned()
    } else {
        safe_text::line(value, 200)
    }
}

/// Returns a request's body with the secret values replaced.
pub(super) fn masked(mut body: Value) -> Value {
    if let Some(env) = body.get_mut("env").and_then(Value::as_object_mut) {
        for (name, value) in env {
            if value.as_str().is_some_and(|value| is_secret(name, value)) {
                *value = json!(HIDDEN);
            }
        }
    }
    body
}

/// Removes the secret values from a text, for a server may repeat them in its answer.
pub(super) fn redacted(text: &str, env: Option<&BTreeMap<String, String>>) -> String {
    let secrets = env
        .into_iter()
        .flatten()
        .filter(|(name, value)| is_secret(name, value));
    // A very short value would also be cut out of ordinary words.
    let secrets = secrets.filter(|(_, value)| value.len() >= 4);
    secrets.fold(text.to_owned(), |text, (_, value)| {
        text.replace(value.as_str(), "[redacted]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_by_name_and_by_form() {
        for (name, value) in [
            ("HF_TOKEN", "x"),
            ("db_password", "x"),
            ("MODEL", "hf_abc"),
            ("DATABASE", "postgres://me:very-secret@host/db"),
            ("A", "0123456789abcdef0123456789abcdef"),
        ] {
            assert_eq!(shown(name, value), HIDDEN, "{name}");
        }
        for (name, value) in [
            ("MODEL", "meta-llama/Llama-3.1-8B-Instruct"),
            ("RUNPOD_LOG_LEVEL", "INFO"),
            ("URL", "https://host/a@b"),
        ] {
            assert_eq!(shown(name, value), value);
        }
    }

    #[test]
    fn a_body_and_a_message_lose_their_secrets() {
        let body =
            masked(json!({ "image": "a", "env": { "MODE": "fast", "API_KEY": "very-secret" } }));
        assert_eq!(
            body,
            json!({ "image": "a", "env": { "MODE": "fast", "API_KEY": "(hidden)" } })
        );
        let env = BTreeMap::from([("API_KEY".to_owned(), "very-secret".to_owned())]);
        assert_eq!(redacted("no very-secret", Some(&env)), "no [redacted]");
    }
}
