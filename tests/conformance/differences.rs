//! The intended differences between the SDK and our worker. The suite fails if it finds a difference that is not in
//! this list. It also fails if an entry of this list is no longer needed.

use serde_json::Value;

use crate::compare::{Finding, Place};
use crate::record::Kind;

/// Tells whether the difference must occur in every run of the whole suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurs {
    Always,
    /// The difference depends on timing.
    Sometimes,
}

/// An allowed difference.
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

/// The list of allowed differences.
pub(crate) const DIFFERENCES: &[Difference] = &[
    always(
        "layout of JSON",
        "Python puts a space after commas and colons and formats some numbers differently. The values are the same.",
        |finding| finding.post_part() == Some("layout of the JSON"),
    ),
    always(
        "layout of Accept-Encoding",
        "Spaces between the items have no meaning.",
        |finding| finding.is_part("header accept-encoding") && finding.is_same_without_spaces(),
    ),
    always(
        "error_type",
        "Python sends the class of the exception. Our worker sends a name that the handler chose, or one from docs/how-to/return-errors.md.",
        |finding| {
            finding.pointer() == Some("/error/report/error_type")
                && finding.are_texts()
                && finding.ours_is_a_name()
        },
    ),
    always(
        "error_traceback",
        "Each language describes the origin of an error in its own way.",
        |finding| {
            finding.pointer() == Some("/error/report/error_traceback")
                // If no handler has seen the job, the error has no origin.
                && (finding.are_texts() || finding.is_job(&["without-input"]))
        },
    ),
    always(
        "runpod_version",
        "Each worker sends its own version.",
        |finding| finding.pointer() == Some("/error/report/runpod_version") && finding.are_texts(),
    ),
    always(
        "traceback of a stream",
        "The error_message differs for the same reason as error_traceback.",
        |finding| finding.pointer() == Some("/error/traceback") && finding.are_texts(),
    ),
    always(
        "message about input that does not match its type",
        "In Python, the job fails inside the handler. In our worker, it fails before the handler is called, with a message that names the place in the input.",
        |finding| {
            finding.pointer() == Some("/error/report/error_message")
                && finding.is_job(&["input-null", "without-input"])
                && finding.are_texts()
        },
    ),
    always(
        "request id on polls",
        "The SDK keeps the id of an earlier job on its shared client and sends it with job-take requests and stop polls.",
        |finding| finding.polls_part() == Some("header x-request-id"),
    ),
    always(
        "request id of another job",
        "The SDK also sends the id of an earlier job with a post that is retried while another job finishes. Our worker must send the job's own id.",
        |finding| {
            finding.is_part("header x-request-id")
                && finding.is_job(&[finding.ours_text().unwrap_or_default()])
        },
    ),
    sometimes(
        "take while a result is posted",
        "Our worker takes the next job before the last result has arrived, and correctly says that a job is in progress.",
        |finding| {
            finding.polls_part() == Some("job_in_progress")
                && finding.sdk == Some(Value::from(vec!["0"]))
                && finding.ours == Some(Value::from(vec!["0", "1"]))
        },
    ),
    always(
        "job without input",
        "The SDK only logs such a job, so the client waits in vain. Our worker reports the job as failed.",
        |finding| finding.is_posts_of(&["no-input"]) && finding.only_ours(),
    ),
    always(
        "broken job",
        "The SDK only logs an answer that is not JSON, so the client waits in vain. Our worker reports each job whose id it can find as failed.",
        |finding| finding.is_posts_of(&["unreadable"]) && finding.only_ours(),
    ),
    always(
        "output that is not JSON",
        "The SDK posts nothing, so the client waits in vain. Our worker reports the job as failed.",
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
        "The SDK gives up after three posts, and immediately after a 4xx or a broken connection. Our worker retries until the post is accepted.",
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
        "Python converts the `error` of a stream item to text with str(). Our worker writes it as JSON.",
        |finding| {
            finding.pointer() == Some("/error") && finding.is_job(&["error-true", "error-object"])
        },
    ),
    always(
        "returned refresh_worker",
        "The SDK continues to poll until it is killed. Our worker takes no more jobs and exits.",
        |finding| {
            finding.place == Place::Ending
                && finding.case.starts_with("refresh key")
                && finding.ours_text() == Some("Ending { by_itself: true, code: Some(0) }")
        },
    ),
    always(
        "debugger and outputs that are not objects",
        "With --rp_debugger, the SDK posts nothing for a failed job or for an output that is not an object, so the client waits in vain. Our worker posts the result. If the job failed, its output contains the report.",
        |finding| {
            finding.case == "debugger"
                && finding.is_posts_of(&["timed-failure", "timed-list"])
                && finding.only_ours()
        },
    ),
    always(
        "language in the report of the debugger",
        "Python sends `python_version`. Our worker sends `rust_version`, the oldest version of Rust that compiles it.",
        |finding| {
            matches!(
                finding.pointer(),
                Some(
                    "/output/rp_debugger/system_info/python_version"
                        | "/output/rp_debugger/system_info/rust_version"
                )
            )
        },
    ),
    always(
        "values in the report of the debugger",
        "Each worker sends its own version. The reference worker of this suite does not read the processor's name.",
        |finding| {
            matches!(
                finding.pointer(),
                Some(
                    "/output/rp_debugger/system_info/runpod"
                        | "/output/rp_debugger/system_info/processor"
                )
            ) && finding.are_texts()
        },
    ),
    always(
        "bad job in a batch",
        "The SDK exits with code 1 and loses the valid jobs in the answer. Our worker runs them and continues.",
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
        "The SDK calls the handler but never asks for an item, so the handler cannot fail.",
        |finding| finding.place == Place::ExitCode && finding.case == "local stream that fails",
    ),
    always(
        "exit code of a bad flag",
        "Python's argument parser uses its own exit code. Our worker uses one exit code for every error at the start.",
        |finding| {
            finding.place == Place::ExitCode
                && finding.sdk == Some(2.into())
                && finding.ours == Some(1.into())
        },
    ),
    always(
        "words of a built-in fitness check",
        "Our worker says what it found, what it expected, and which variable changes it.",
        |finding| {
            finding.case == "built-in fitness check that fails"
                && matches!(&finding.place, Place::Polls { kind: Kind::Ping, part } if part == "query")
                && finding.both_begin_with(
                    "gpu=NVIDIA+H100&status=unhealthy&check=_disk_check&reason=RuntimeError%3A+",
                )
        },
    ),
    always(
        "headers of heartbeats",
        "The SDK sends heartbeats with a different HTTP library than everything else. Our worker always sends the same headers.",
        |finding| {
            matches!(&finding.place, Place::Polls { kind: Kind::Ping, part }
                if matches!(part.as_str(), "header user-agent" | "header accept-encoding" | "header content-type"))
        },
    ),
];

/// Returns the entry of the list that allows a finding.
pub(crate) fn allowing(finding: &Finding) -> Option<&'static Difference> {
    DIFFERENCES
        .iter()
        .find(|difference| (difference.allows)(finding))
}

/// Helpers for the matchers of the list.
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

    /// Returns whether the finding is about this part of polls or of a post.
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

    /// Returns whether both workers sent one value, which begins like this.
    fn both_begin_with(&self, start: &str) -> bool {
        let begins = |values: &Option<Value>| {
            let values = values.as_ref().and_then(Value::as_array);
            values.is_some_and(|values| match values.as_slice() {
                [value] => value.as_str().is_some_and(|text| text.starts_with(start)),
                _ => false,
            })
        };
        begins(&self.sdk) && begins(&self.ours)
    }

    fn ours_text(&self) -> Option<&str> {
        self.ours.as_ref().and_then(Value::as_str)
    }

    /// Returns whether both values are strings that are not blank.
    fn are_texts(&self) -> bool {
        let is_text = |value: &Option<Value>| {
            let text = value.as_ref().and_then(Value::as_str);
            text.is_some_and(|text| !text.trim().is_empty())
        };
        is_text(&self.sdk) && is_text(&self.ours)
    }

    /// Returns whether our value is a plain name and not the path of a Rust type.
    fn ours_is_a_name(&self) -> bool {
        let name = self.ours.as_ref().and_then(Value::as_str);
        name.is_some_and(|name| name.chars().all(char::is_alphanumeric))
    }

    /// Returns whether the SDK posted nothing and our worker posted one result, which was accepted.
    fn only_ours(&self) -> bool {
        self.sdk == Some(Value::Array(Vec::new()))
            && self.ours == Some(Value::from(vec!["Result 200"]))
    }

    /// Returns whether our worker delivered a message that the SDK did not deliver, and sent no fewer messages.
    fn is_delivered_by_ours_only(&self) -> bool {
        let (Some(Value::Array(sdk)), Some(Value::Array(ours))) = (&self.sdk, &self.ours) else {
            return false;
        };
        let accepted =
            |message: &Value| message.as_str().is_some_and(|text| text.ends_with(" 200"));
        sdk.len() <= ours.len() && !sdk.iter().all(accepted) && ours.last().is_some_and(accepted)
    }
}
