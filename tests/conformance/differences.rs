//! Every difference between the SDK and ours that is meant. A difference that is not in this list fails the suite, and
//! so does a line of this list that nothing needs any more.

use serde_json::Value;

use crate::compare::{Finding, Place};
use crate::record::Kind;

/// Whether a run of the whole suite must meet the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurs {
    Always,
    /// It depends on timing.
    Sometimes,
}

/// One allowed difference.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) occurs: Occurs,
    pub(crate) allows: fn(&Finding) -> bool,
}

const fn always(
    name: &'static str,
    reason: &'static str,
    allows: fn(&Finding) -> bool,
) -> Difference {
    Difference {
        name,
        reason,
        occurs: Occurs::Always,
        allows,
    }
}

const fn sometimes(
    name: &'static str,
    reason: &'static str,
    allows: fn(&Finding) -> bool,
) -> Difference {
    Difference {
        name,
        reason,
        occurs: Occurs::Sometimes,
        allows,
    }
}

/// The list.
pub(crate) const DIFFERENCES: &[Difference] = &[
    always(
        "layout of JSON",
        "Python puts a space after commas and colons and writes some numbers another way; the values are the same.",
        |finding| finding.post_part() == Some("layout of the JSON"),
    ),
    always(
        "layout of Accept-Encoding",
        "Spaces between the items mean nothing.",
        |finding| finding.is_part("header accept-encoding") && finding.is_same_without_spaces(),
    ),
    always(
        "error_type",
        "Python tells the class of the exception; ours tells a name that the handler chose, or one from docs/how-to/return-errors.md.",
        |finding| {
            finding.pointer() == Some("/error/report/error_type")
                && finding.are_texts()
                && finding.ours_is_a_name()
        },
    ),
    always(
        "error_traceback",
        "Where an error came from is told in the language's own way.",
        |finding| {
            finding.pointer() == Some("/error/report/error_traceback")
                // A job that no handler has seen came from nowhere.
                && (finding.are_texts() || finding.is_job(&["without-input"]))
        },
    ),
    always("runpod_version", "Each tells its own version.", |finding| {
        finding.pointer() == Some("/error/report/runpod_version") && finding.are_texts()
    }),
    always("traceback of a stream", "As error_traceback.", |finding| {
        finding.pointer() == Some("/error/traceback") && finding.are_texts()
    }),
    always(
        "message about unreadable input",
        "Python fails inside the handler, ours before it, with a message that names the place in the input.",
        |finding| {
            finding.pointer() == Some("/error/report/error_message")
                && finding.is_job(&["input-null", "without-input"])
                && finding.are_texts()
        },
    ),
    always(
        "request id on polls",
        "The SDK keeps the id of an earlier job on its shared client and sends it with takes and stop polls.",
        |finding| finding.polls_part() == Some("header x-request-id"),
    ),
    always(
        "request id of another job",
        "The same, on a post that is tried again while another job ends. Ours must carry the job's own.",
        |finding| {
            finding.is_part("header x-request-id")
                && finding.is_job(&[finding.ours_text().unwrap_or_default()])
        },
    ),
    sometimes(
        "take while a result is posted",
        "Ours takes the next job before the result of the last has arrived, and truly says that a job is in progress.",
        |finding| {
            finding.polls_part() == Some("job_in_progress")
                && finding.sdk == Some(Value::from(vec!["0"]))
                && finding.ours == Some(Value::from(vec!["0", "1"]))
        },
    ),
    always(
        "job without input",
        "The SDK only logs it, so the client waits in vain. Ours reports it failed.",
        |finding| finding.is_posts_of(&["no-input"]) && finding.only_ours(),
    ),
    always(
        "job that cannot be read",
        "The SDK only logs an answer that is not JSON, so the client waits in vain. Ours reports each job failed whose id it \
         can read.",
        |finding| finding.is_posts_of(&["unreadable"]) && finding.only_ours(),
    ),
    always(
        "output that is not JSON",
        "The SDK posts nothing, so the client waits in vain. Ours reports the job failed.",
        |finding| finding.is_posts_of(&["not-json"]) && finding.only_ours(),
    ),
    always(
        "not a number",
        "The SDK posts `NaN`, which is not JSON.",
        |finding| {
            finding.is_job(&["not-a-number"])
                && match finding.pointer() {
                    Some("/not JSON") => finding.ours.is_none(),
                    Some(_) => finding.sdk.is_none(),
                    None => false,
                }
        },
    ),
    always(
        "results are not dropped",
        "The SDK gives up after three posts, and at once on a 4xx or a broken connection. Ours goes on until accepted.",
        |finding| {
            matches!(finding.place, Place::Posts { .. })
                && matches!(
                    finding.case,
                    "results that are refused" | "stream items that are refused"
                )
                && finding.is_delivered_by_ours_only()
        },
    ),
    always(
        "text of an error that is not text",
        "An `error` of a stream's item is made text by Python's str(); ours writes it as JSON.",
        |finding| {
            finding.pointer() == Some("/error") && finding.is_job(&["error-true", "error-object"])
        },
    ),
    always(
        "returned refresh_worker",
        "The SDK goes on polling until it is killed; ours takes no further job and leaves.",
        |finding| {
            finding.place == Place::Ending
                && finding.case.starts_with("refresh key")
                && finding.ours_text() == Some("Ending { by_itself: true, code: Some(0) }")
        },
    ),
    always(
        "bad job in a batch",
        "The SDK ends with code 1 and loses the good jobs of the answer; ours runs them and goes on.",
        |finding| {
            finding.case == "bad job in a batch"
                && match finding.place {
                    Place::Posts { .. } => finding.is_posts_of(&["good"]) && finding.only_ours(),
                    Place::Ending => {
                        finding.ours_text() == Some("Ending { by_itself: false, code: Some(0) }")
                    }
                    _ => false,
                }
        },
    ),
    always(
        "stream in a local test run",
        "The SDK calls the handler and never asks for an item, so nothing can fail.",
        |finding| finding.place == Place::ExitCode && finding.case == "local stream that fails",
    ),
    always(
        "exit code of a bad flag",
        "Python's argument parser has a code of its own for it; ours has one code for every fault at start.",
        |finding| {
            finding.place == Place::ExitCode
                && finding.sdk == Some(2.into())
                && finding.ours == Some(1.into())
        },
    ),
    always(
        "headers of heartbeats",
        "The SDK's heartbeat is sent by another HTTP library than everything else; ours sends the same headers always.",
        |finding| {
            matches!(&finding.place, Place::Polls { kind: Kind::Ping, part }
                if matches!(part.as_str(), "header user-agent" | "header accept-encoding" | "header content-type"))
        },
    ),
];

/// The line of the list that allows a finding.
pub(crate) fn allowing(finding: &Finding) -> Option<&'static Difference> {
    DIFFERENCES
        .iter()
        .find(|difference| (difference.allows)(finding))
}

/// What the matchers ask.
impl Finding {
    fn pointer(&self) -> Option<&str> {
        match &self.place {
            Place::Body { pointer, .. } => Some(pointer),
            _ => None,
        }
    }

    fn post_part(&self) -> Option<&str> {
        match &self.place {
            Place::Post { part, .. } => Some(part),
            _ => None,
        }
    }

    fn polls_part(&self) -> Option<&str> {
        match &self.place {
            Place::Polls { kind, part } if *kind != Kind::Ping => Some(part),
            _ => None,
        }
    }

    /// A part of polls or of a post.
    fn is_part(&self, name: &str) -> bool {
        match &self.place {
            Place::Polls { part, .. } | Place::Post { part, .. } => part == name,
            _ => false,
        }
    }

    fn is_same_without_spaces(&self) -> bool {
        let text = |value: &Option<Value>| {
            let text = value.as_ref().map(ToString::to_string);
            text.map(|text| text.replace(' ', ""))
        };
        text(&self.sdk) == text(&self.ours)
    }

    fn is_job(&self, jobs: &[&str]) -> bool {
        match &self.place {
            Place::Posts { job } | Place::Post { job, .. } | Place::Body { job, .. } => {
                jobs.contains(&job.as_str())
            }
            _ => false,
        }
    }

    fn is_posts_of(&self, jobs: &[&str]) -> bool {
        matches!(self.place, Place::Posts { .. }) && self.is_job(jobs)
    }

    fn ours_text(&self) -> Option<&str> {
        self.ours.as_ref().and_then(Value::as_str)
    }

    /// Both are texts with something in them.
    fn are_texts(&self) -> bool {
        let is_text = |value: &Option<Value>| {
            let text = value.as_ref().and_then(Value::as_str);
            text.is_some_and(|text| !text.trim().is_empty())
        };
        is_text(&self.sdk) && is_text(&self.ours)
    }

    /// Not the path of a Rust type.
    fn ours_is_a_name(&self) -> bool {
        let name = self.ours.as_ref().and_then(Value::as_str);
        name.is_some_and(|name| name.chars().all(char::is_alphanumeric))
    }

    /// The SDK posted nothing, ours one result that was accepted.
    fn only_ours(&self) -> bool {
        self.sdk == Some(Value::Array(Vec::new()))
            && self.ours == Some(Value::from(vec!["Result 200"]))
    }

    /// Of some message, the SDK has no attempt that was accepted, but ours has; and ours tells nothing less.
    fn is_delivered_by_ours_only(&self) -> bool {
        let (Some(Value::Array(sdk)), Some(Value::Array(ours))) = (&self.sdk, &self.ours) else {
            return false;
        };
        let accepted =
            |message: &Value| message.as_str().is_some_and(|text| text.ends_with(" 200"));
        sdk.len() <= ours.len() && !sdk.iter().all(accepted) && ours.last().is_some_and(accepted)
    }
}
