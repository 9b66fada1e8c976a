//! The reasons why a registry did not do what it was asked to.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::failure::Failure;

#[derive(Debug)]
pub(crate) enum Trouble {
    /// There was no answer, or the connection broke.
    Connection(String),
    Refused {
        status: StatusCode,
        /// The registry's own words.
        message: String,
        retry_after: Option<Duration>,
        /// Whether the request carried credentials.
        had_credentials: bool,
    },
    /// The answer is not what the protocol wants.
    Unreadable(String),
    /// This machine is at fault, for example a file that cannot be read.
    Here(String),
}

impl Trouble {
    pub(super) fn of_connection(error: &reqwest::Error) -> Self {
        let mut causes = vec![error.to_string()];
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        // The innermost cause says what happened. The outer ones repeat the address, which may carry a token.
        let cause = causes.pop().unwrap_or_default();
        // rustls names the fault by this type.
        Self::Connection(if cause.contains("InvalidContentType") {
            "it does not speak TLS; if you trust the network, pass --insecure".to_owned()
        } else {
            cause
        })
    }

    /// Tells whether a repetition may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Connection(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
                    )
            }
            Self::Unreadable(_) | Self::Here(_) => false,
        }
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns the error for the user. `during` says what was tried, such as "the push to ghcr.io".
    pub(crate) fn failure(&self, during: &str, registry: &str) -> Failure {
        Failure::new(format!("{during} failed: {self}{}", self.remedy(registry)))
    }

    fn remedy(&self, registry: &str) -> String {
        let Self::Refused {
            status,
            had_credentials,
            ..
        } = self
        else {
            return match self {
                Self::Connection(_) => {
                    format!("\nCheck the name of the registry {registry} and your network.")
                }
                _ => String::new(),
            };
        };
        match *status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if *had_credentials => format!(
                "\nThe credentials for {registry} were refused. Check that they are valid and may write to this \
                 repository: run `docker login {registry}`, or set RUNPOD_REGISTRY_USER and RUNPOD_REGISTRY_PASSWORD."
            ),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => format!(
                "\nNo credentials for {registry} were found. Run `docker login {registry}`, or set RUNPOD_REGISTRY_USER \
                 and RUNPOD_REGISTRY_PASSWORD."
            ),
            StatusCode::NOT_FOUND => "\nCheck the name and the tag.".to_owned(),
            StatusCode::PAYLOAD_TOO_LARGE => format!(
                "\nThe registry {registry}, or a proxy in front of it, limits the size of a request. Raise that limit, or \
                 leave large files out of the image and keep them on a network volume."
            ),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                "\nRun the command again later. Blobs that were uploaded are not uploaded again."
                    .to_owned()
            }
            _ => String::new(),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(why) => write!(f, "no answer ({why})"),
            Self::Refused {
                status, message, ..
            } if message.is_empty() => write!(f, "the registry answered {status}"),
            Self::Refused {
                status, message, ..
            } => write!(f, "the registry answered {status}: {message}"),
            Self::Unreadable(why) => write!(f, "the registry's answer cannot be used: {why}"),
            Self::Here(why) => f.write_str(why),
        }
    }
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Returns the messages in the body of an error, cut to a length that fits in a terminal.
pub(super) fn message(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Errors>(body) {
        Ok(found) if !found.errors.is_empty() => found
            .errors
            .iter()
            .map(|entry| {
                if entry.message.is_empty() {
                    entry.code.clone()
                } else {
                    entry.message.clone()
                }
            })
            .collect::<Vec<_>>()
            .join("; "),
        // Proxies answer with pages of HTML, which tell nothing that the status does not.
        _ if body.trim_ascii_start().starts_with(b"<") => String::new(),
        _ => String::from_utf8_lossy(body).trim().to_owned(),
    };
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_s_words_are_shown_without_their_wrapping() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"DENIED","message":"no push"},{"code":"X"}]}"#,
                "no push; X",
            ),
            ("<html><h1>413</h1></html>", ""),
            ("slow down\n", "slow down"),
            ("\u{1b}[31mred", " [31mred"),
        ] {
            assert_eq!(message(body.as_bytes()), expected);
        }
    }
}
