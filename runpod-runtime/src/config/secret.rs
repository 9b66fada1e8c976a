//! Secrets, which are redacted from all output.

use std::borrow::Cow;
use std::fmt;

use crate::text::encode_component;

/// The text that replaces a secret.
const REDACTED: &str = "[redacted]";

/// The minimum length of a secret that is redacted from other texts. Shorter secrets would match unrelated words.
const SHORTEST_REDACTED: usize = 6;

/// An API key. Only [`expose`](Secret::expose) returns it, for use in a request header.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    value: String,
    /// The forms in which the secret may occur in a text: plain, escaped by `Debug` or JSON, and percent-encoded.
    shapes: Vec<String>,
}

impl Secret {
    pub(crate) fn new(value: impl Into<String>) -> Self {
        let value = value.into();
        let mut shapes = Vec::new();
        if value.chars().count() >= SHORTEST_REDACTED {
            let escaped: String = value.escape_debug().collect();
            for shape in [
                value.clone(),
                escaped,
                encode_component(&value).into_owned(),
            ] {
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
        }
        Self { value, shapes }
    }

    /// Returns the secret, for use in a request header only.
    pub(crate) fn expose(&self) -> &str {
        &self.value
    }

    /// Returns the text with every occurrence of the secret replaced.
    pub(crate) fn redact<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let mut clean = Cow::Borrowed(text);
        for shape in &self.shapes {
            if clean.contains(shape.as_str()) {
                clean = Cow::Owned(clean.replace(shape.as_str(), REDACTED));
            }
        }
        clean
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// All secrets that are redacted from output.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    /// Returns the text with every occurrence of each secret replaced.
    pub(crate) fn redact<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let mut clean = Cow::Borrowed(text);
        for secret in &self.0 {
            if let Cow::Owned(cleaner) = secret.redact(&clean) {
                clean = Cow::Owned(cleaner);
            }
        }
        clean
    }
}

impl FromIterator<Secret> for Secrets {
    /// Longer secrets are replaced first, because one secret may be a prefix of another one.
    fn from_iter<I: IntoIterator<Item = Secret>>(secrets: I) -> Self {
        let mut secrets: Vec<_> = secrets.into_iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        Self(secrets)
    }
}

impl From<Secret> for Secrets {
    fn from(secret: Secret) -> Self {
        Self(vec![secret])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("rpa_SECRETKEY");
        assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
        assert_eq!(
            format!("{:#?}", Some(secret.clone())).replace([' ', '\n'], ""),
            "Some([redacted],)"
        );
        assert_eq!(secret.expose(), "rpa_SECRETKEY");
    }

    #[test]
    fn every_occurrence_in_a_text_is_replaced() {
        let secret = Secret::new("rpa_SECRETKEY");
        assert_eq!(
            secret.redact("a rpa_SECRETKEY, brpa_SECRETKEYrpa_SECRETKEY"),
            "a [redacted], b[redacted][redacted]"
        );
        assert!(matches!(secret.redact("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn escaped_and_percent_encoded_forms_are_replaced_too() {
        let secret = Secret::new(r#"key "+ö"#);
        let url = format!("https://host/?key={}", encode_component(secret.expose()));
        assert_eq!(secret.redact(&url), "https://host/?key=[redacted]");
        let debug = format!("{:?}", secret.expose());
        assert_eq!(secret.redact(&debug), r#""[redacted]""#);
    }

    #[test]
    fn of_two_secrets_neither_is_left_in_part() {
        let secrets: Secrets = ["rpa_KEY", "rpa_KEY_OF_MINE", "other-key"]
            .map(Secret::new)
            .into_iter()
            .collect();
        assert_eq!(
            secrets.redact("rpa_KEY_OF_MINE other-key rpa_KEY"),
            "[redacted] [redacted] [redacted]"
        );
        assert!(matches!(secrets.redact("nothing"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_secret_of_five_characters_is_not_looked_for() {
        assert_eq!(Secret::new("start").redact("starting"), "starting");
        assert_eq!(Secret::new("").redact("starting"), "starting");
        assert_eq!(Secret::new("worker").redact("worker up"), "[redacted] up");
    }
}
