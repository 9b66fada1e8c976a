//! The reasons why a request has no proper answer. The API describes its errors as in RFC 9457.

use std::fmt::Write as _;

use reqwest::StatusCode;
use serde::Deserialize;

use super::address::KEY;
use crate::failure::Failure;
use crate::invoke::code;
use crate::invoke::safe_text;
use crate::invoke::trouble::Trouble;

const MOST_CHARACTERS: usize = 600;
const MOST_ERRORS: usize = 10;

#[derive(Debug)]
pub(crate) struct RestError {
    pub(crate) trouble: Trouble,
    /// The method and the path, such as `GET /serverless`.
    pub(super) request: String,
    /// The address of the API.
    pub(super) url: String,
}

impl RestError {
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match &self.trouble {
            Trouble::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.trouble.is_unknown()
    }

    /// Tells whether the API may have acted on the request, although it gave no proper answer.
    pub(crate) fn is_unclear(&self) -> bool {
        match &self.trouble {
            Trouble::Broken(_) | Trouble::Unreadable(_) => true,
            Trouble::Refused { status, .. } => status.is_server_error(),
            Trouble::NotConnected(_) => false,
        }
    }

    /// Describes the error and the remedy.
    pub(crate) fn told(&self) -> String {
        let Self { request, url, .. } = self;
        let told = self.trouble.told();
        let mut text = format!("{request}: {url} {told}");
        let remedy = match self.status().map(|status| status.as_u16()) {
            Some(401) => format!(
                "\nRunpod does not accept the key in {KEY}; create a key in the Runpod console under Settings, API Keys"
            ),
            Some(403) => format!(
                "\nThe key in {KEY} may not do this; give it access to serverless endpoints in the Runpod console under Settings, \
                 API Keys"
            ),
            Some(429) => {
                "\nThe account's rate limit is used up; run the command again later".to_owned()
            }
            Some(300..=399) => {
                "\nA redirect is not followed, because it could send the key elsewhere".to_owned()
            }
            _ => String::new(),
        };
        text.push_str(&remedy);
        text
    }
}

impl From<RestError> for Failure {
    fn from(error: RestError) -> Self {
        Self::new(error.told()).with_code(code::NO_ANSWER)
    }
}

#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<String>,
}

/// Returns the API's own message: the detail of the problem and the single errors below it.
pub(super) fn message(body: &[u8]) -> String {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        let text = String::from_utf8_lossy(&body[..body.len().min(4 * MOST_CHARACTERS)]);
        // An HTML page is for browsers, and adds nothing to the status.
        let is_page = text.trim_start().starts_with('<');
        return if is_page {
            String::new()
        } else {
            safe_text::line(&text, MOST_CHARACTERS)
        };
    };
    let summary = problem
        .detail
        .filter(|detail| !detail.is_empty())
        .or(problem.title);
    let mut text = safe_text::line(&summary.unwrap_or_default(), MOST_CHARACTERS);
    for error in problem.errors.iter().take(MOST_ERRORS) {
        let _ = write!(text, "\n  {}", safe_text::line(error, MOST_CHARACTERS));
    }
    if let more @ 1.. = problem.errors.len().saturating_sub(MOST_ERRORS) {
        let _ = write!(text, "\n  and {more} more errors");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_and_every_single_error_are_shown() {
        let body = br#"{"title": "Unprocessable Entity", "status": 422, "detail": "validation failed", "errors": ["$.a: bad", "$.b\u001b"]}"#;
        assert_eq!(message(body), "validation failed\n  $.a: bad\n  $.b\\u{1b}");
        assert_eq!(
            message(br#"{"title": "Not Found", "status": 404}"#),
            "Not Found"
        );
        assert_eq!(message(b"<html>502</html>"), "");
        assert_eq!(message(b"upstream\ngone"), "upstream gone");
    }
}
