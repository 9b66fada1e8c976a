//! What can come of a request in place of its answer, and what to say of it.

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::safe_text;
use super::target::Target;

/// How much of a server's own words is shown.
const MOST_CHARACTERS: usize = 600;

#[derive(Debug)]
pub(super) enum Trouble {
    /// No connection came about: the request was not sent.
    NotConnected(String),
    /// It broke, or nothing came in time: whether the request was acted on is not known.
    Broken(String),
    /// Answered, and not with success.
    Refused {
        status: StatusCode,
        message: String,
        retry_after: Option<Duration>,
    },
    /// The answer is not what this operation answers.
    Unreadable(String),
}

impl Trouble {
    /// Whether the same request may be answered in a while.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::NotConnected(_) | Self::Broken(_) | Self::Unreadable(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
                    )
            }
        }
    }

    /// Whether a job cannot have come of it.
    pub(super) fn was_not_accepted(&self) -> bool {
        match self {
            Self::NotConnected(_) => true,
            Self::Refused { status, .. } => *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Broken(_) | Self::Unreadable(_) => false,
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What happened, in one line.
    pub(super) fn told(&self) -> String {
        match self {
            Self::NotConnected(why) => format!("could not be reached: {why}"),
            Self::Broken(why) => format!("gave no whole answer: {why}"),
            Self::Unreadable(why) => format!("answered something else than expected: {why}"),
            Self::Refused {
                status, message, ..
            } if message.is_empty() => format!("answered {status}"),
            Self::Refused {
                status, message, ..
            } => format!("answered {status}: {message}"),
        }
    }
}

/// `/run` was not accepted: what happened, and what to do.
pub(super) fn of_submission(trouble: &Trouble, target: &Target) -> String {
    let url = &target.url;
    let told = trouble.told();
    match trouble {
        Trouble::NotConnected(why) if target.is_here => format!(
            "no endpoint answers at {url} ({why}); start one in the folder of a worker with\n\n  cargo runpod dev\n\nor name \
             its port with --port, or its address with --url"
        ),
        Trouble::NotConnected(_) => format!("{url} {told}"),
        Trouble::Broken(_) | Trouble::Unreadable(_) => unclear(&format!("{url} {told}")),
        Trouble::Refused { status, .. } => match *status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => of_key(target, *status),
            StatusCode::NOT_FOUND => not_found(trouble, target),
            status if status.is_server_error() => unclear(&format!("{url} {told}")),
            status if status.is_redirection() => format!(
                "{url} {told}, a redirect, which is not followed: the key could go astray; give the address that it leads to"
            ),
            _ => format!("{url} did not take the job: it {told}"),
        },
    }
}

fn unclear(what: &str) -> String {
    format!("{what}\n\nWhether a job came of it is not known, so that it was not sent again.")
}

fn not_found(trouble: &Trouble, target: &Target) -> String {
    let (url, told) = (&target.url, trouble.told());
    match &target.endpoint {
        Some(id) if !target.is_here => format!(
            "there is no endpoint {id} for this key: {url} {told}; --endpoint expects the id in Runpod's console, under \
             Serverless, and {} a key of the same account",
            target.key_variable
        ),
        _ => format!("no endpoint takes jobs at {url}/run: it {told}"),
    }
}

/// The key is missing or wrong.
pub(super) fn of_key(target: &Target, status: StatusCode) -> String {
    let (url, variable) = (&target.url, target.key_variable);
    if target.key.is_some() {
        format!(
            "{url} does not accept the key in {variable} ({status}); set it to a key that may use this endpoint"
        )
    } else {
        let deployed = if target.is_here {
            ""
        } else {
            "; a deployed endpoint is named with --endpoint ID, and its key read from RUNPOD_API_KEY"
        };
        format!("{url} demands a key ({status}); set {variable} to it{deployed}")
    }
}

/// What the server says itself: `{"error": …}`, or a short text.
pub(super) fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Said {
        #[serde(alias = "message", alias = "detail", alias = "title")]
        error: String,
    }
    let text = match serde_json::from_slice::<Said>(body) {
        Ok(said) => said.error,
        Err(_) => {
            String::from_utf8_lossy(&body[..body.len().min(4 * MOST_CHARACTERS)]).into_owned()
        }
    };
    let is_page = text.trim_start().starts_with('<');
    // A page is for a browser: of it, the status says as much.
    if is_page {
        String::new()
    } else {
        safe_text::line(&text, MOST_CHARACTERS)
    }
}

/// Without the address, which is named beside it.
pub(super) fn of_connection(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let is_unconnected = error.is_connect();
    let why = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        safe_text::line(&root(&error), MOST_CHARACTERS)
    };
    if is_unconnected {
        Trouble::NotConnected(why)
    } else {
        Trouble::Broken(why)
    }
}

/// The innermost cause, which says what happened.
fn root(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => root(source),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed() -> Target {
        Target {
            url: "https://api.runpod.ai/v2/abc".to_owned(),
            is_here: false,
            key: None,
            key_variable: "RUNPOD_API_KEY",
            endpoint: Some("abc".to_owned()),
        }
    }

    fn refused(status: StatusCode) -> Trouble {
        Trouble::Refused {
            status,
            message: String::new(),
            retry_after: None,
        }
    }

    #[test]
    fn a_deployed_endpoint_that_is_not_there_is_named_with_its_key() {
        let told = of_submission(&refused(StatusCode::NOT_FOUND), &deployed());
        assert!(
            told.starts_with("there is no endpoint abc for this key"),
            "{told}"
        );
        assert!(told.contains("RUNPOD_API_KEY"), "{told}");
        let told = of_submission(&refused(StatusCode::UNAUTHORIZED), &deployed());
        assert!(told.contains("set RUNPOD_API_KEY to it"), "{told}");
    }

    #[test]
    fn a_run_is_sent_again_only_where_no_job_can_have_come_of_it() {
        assert!(refused(StatusCode::TOO_MANY_REQUESTS).was_not_accepted());
        assert!(Trouble::NotConnected(String::new()).was_not_accepted());
        assert!(!refused(StatusCode::SERVICE_UNAVAILABLE).was_not_accepted());
        assert!(!Trouble::Broken(String::new()).was_not_accepted());
    }

    #[test]
    fn a_server_says_what_it_has_to_say_in_several_ways() {
        assert_eq!(message(br#"{"error": "busy"}"#), "busy");
        assert_eq!(message(br#"{"detail": "no \u001b[1m"}"#), "no \\u{1b}[1m");
        assert_eq!(message(b"plain\nwords"), "plain words");
        assert_eq!(message(b"<html>502</html>"), "");
    }
}
