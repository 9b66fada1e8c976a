//! The reasons why a request has no proper answer, and the messages for them.

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::safe_text;
use super::target::Target;

/// How many characters of a server's message are shown.
const MOST_CHARACTERS: usize = 600;

#[derive(Debug)]
pub(crate) enum Trouble {
    /// There was no connection, so the request was not sent.
    NotConnected(String),
    /// The connection broke, or no answer came in time. The endpoint may have acted on the request.
    Broken(String),
    /// The endpoint answered with an error.
    Refused {
        status: StatusCode,
        message: String,
        retry_after: Option<Duration>,
    },
    /// The answer does not have the expected form.
    Unreadable(String),
}

impl Trouble {
    /// Tells whether a retry of the same request may succeed.
    pub(crate) fn is_transient(&self) -> bool {
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

    /// Tells whether the request certainly created no job.
    pub(crate) fn was_not_accepted(&self) -> bool {
        match self {
            Self::NotConnected(_) => true,
            Self::Refused { status, .. } => *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Broken(_) | Self::Unreadable(_) => false,
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Describes in one line what happened.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::NotConnected(why) => format!("could not be reached: {why}"),
            Self::Broken(why) => format!("gave no complete answer: {why}"),
            Self::Unreadable(why) => format!("gave an unexpected answer: {why}"),
            Self::Refused {
                status, message, ..
            } if message.is_empty() => format!("answered {status}"),
            Self::Refused {
                status, message, ..
            } => format!("answered {status}: {message}"),
        }
    }
}

/// Describes why `/run` was not accepted, and what to do.
pub(super) fn of_submission(trouble: &Trouble, target: &Target) -> String {
    let url = &target.url;
    let told = trouble.told();
    match trouble {
        Trouble::NotConnected(why) if target.is_here => format!(
            "no endpoint answers at {url} ({why}). Start one in the folder of a worker with\n\n  cargo runpod dev\n\nor pass \
             the port of another endpoint with --port, or its address with --url"
        ),
        Trouble::NotConnected(_) => format!("{url} {told}"),
        Trouble::Broken(_) | Trouble::Unreadable(_) => unclear(&format!("{url} {told}")),
        Trouble::Refused { status, .. } => match *status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => of_key(target, *status),
            StatusCode::NOT_FOUND => not_found(trouble, target),
            status if status.is_server_error() => unclear(&format!("{url} {told}")),
            status if status.is_redirection() => format!(
                "{url} {told}. This redirect is not followed, because it could send the key elsewhere; pass the address that it leads to"
            ),
            _ => format!("{url} did not accept the job: it {told}"),
        },
    }
}

/// Describes why a request that submits nothing was not answered. `id` is the job that it is about.
pub(super) fn of_request(trouble: &Trouble, target: &Target, id: Option<&str>) -> String {
    let (url, told) = (&target.url, trouble.told());
    match (trouble, id) {
        (Trouble::Refused { status, .. }, Some(id)) if *status == StatusCode::NOT_FOUND => {
            let endpoint = match &target.endpoint {
                Some(endpoint) => format!(", and that the endpoint {endpoint} exists"),
                None => String::new(),
            };
            format!(
                "{url} does not know job {id}: it {told}. Check the id{endpoint}; a result is kept for 30 minutes after the job"
            )
        }
        (Trouble::Refused { status, .. }, None) if *status == StatusCode::NOT_FOUND => {
            not_found(trouble, target)
        }
        (Trouble::NotConnected(_), _) => of_submission(trouble, target),
        (Trouble::Refused { status, .. }, _) if matches!(status.as_u16(), 401 | 403) => {
            of_key(target, *status)
        }
        _ => format!("{url} {told}"),
    }
}

fn unclear(what: &str) -> String {
    format!("{what}\n\nThe endpoint may have accepted the job, so it was not sent again.")
}

fn not_found(trouble: &Trouble, target: &Target) -> String {
    let (url, told) = (&target.url, trouble.told());
    match &target.endpoint {
        Some(id) if !target.is_here => format!(
            "there is no endpoint {id} for this key: {url} {told}; check the id in the Runpod console, under Serverless, and \
             set {} to a key of the same account",
            target.key_variable
        ),
        _ => format!("no endpoint accepts jobs at {url}/run: it {told}"),
    }
}

/// Describes a missing or wrong key.
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
            "; for a deployed endpoint, pass --endpoint ID, which uses the key in RUNPOD_API_KEY"
        };
        format!("{url} requires a key ({status}); set {variable} to it{deployed}")
    }
}

/// Returns the server's own message: `{"error": …}`, or a short text.
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
    // An HTML page is for browsers, and adds nothing to the status.
    if is_page {
        String::new()
    } else {
        safe_text::line(&text, MOST_CHARACTERS)
    }
}

/// Converts an error of the HTTP client. The text leaves out the address, because the message names it anyway.
pub(crate) fn of_connection(error: reqwest::Error) -> Trouble {
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

/// Returns the message of the innermost cause, which says what happened.
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
