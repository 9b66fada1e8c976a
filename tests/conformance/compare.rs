//! Finds every difference between the requests of the SDK and those of our worker.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::record::{Kind, Request, Run};
use crate::script::{Case, Leaving};
use crate::shape::{self, Parts};

/// The place of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A part of all polls of one kind.
    Polls { kind: Kind, part: String },
    /// One of the first job-take requests, whose order is known.
    TakeAt { index: usize },
    /// The list of posts about a job, and their answers.
    Posts { job: String },
    /// A part of one post.
    Post {
        job: String,
        kind: Kind,
        part: String,
    },
    /// A place in the JSON of one post, as a JSON pointer.
    Body {
        job: String,
        kind: Kind,
        pointer: String,
    },
    /// How the worker's process ended.
    Ending,
    /// The exit code of a local test run.
    ExitCode,
    /// Requests that the protocol does not define.
    Unknown,
}

/// A difference.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub(crate) case: &'static str,
    pub(crate) place: Place,
    /// `None` if the value is missing.
    pub(crate) sdk: Option<Value>,
    pub(crate) ours: Option<Value>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<Value>| match value {
            None => "(missing)".to_owned(),
            Some(value) => shorten(&value.to_string(), 300),
        };
        write!(
            f,
            "{}: {:?}\n    sdk:  {}\n    ours: {}",
            self.case,
            self.place,
            value(&self.sdk),
            value(&self.ours)
        )
    }
}

/// Shortens a text for messages.
pub(crate) fn shorten(text: &str, longest: usize) -> String {
    let length = text.chars().count();
    if length <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest).collect();
    format!("{start}… ({length} characters)")
}

/// Returns every difference between two runs of a case.
pub(crate) fn compare(case: &Case, sdk: &Run, ours: &Run) -> Vec<Finding> {
    let mut comparison = Comparison {
        case,
        sdk: Side::new(case, sdk),
        ours: Side::new(case, ours),
        findings: Vec::new(),
    };
    comparison.polls(Kind::Take);
    comparison.polls(Kind::Stop);
    if case.with_pings {
        comparison.polls(Kind::Ping);
    }
    comparison.first_takes();
    comparison.last_takes();
    comparison.jobs();
    comparison.unknown();
    comparison.ending();
    comparison.findings
}

/// One run, with the data needed to inspect it.
struct Side<'a> {
    run: &'a Run,
    worker_id: Option<String>,
}

impl<'a> Side<'a> {
    fn new(case: &Case, run: &'a Run) -> Self {
        Self {
            run,
            worker_id: shape::worker_id(case, run),
        }
    }

    fn parts(&self, request: &Request) -> Parts {
        shape::parts(request, self.worker_id.as_deref())
    }

    /// Returns the polls of a kind.
    fn polls(&self, kind: Kind) -> impl Iterator<Item = &'a Request> {
        let requests = self.run.requests.iter();
        requests.filter(move |request| request.kind == kind)
    }

    /// Returns the posts about a job. All attempts at the same post are grouped.
    fn messages(&self, job: &str) -> Vec<Message<'a>> {
        let mut messages: Vec<Message<'a>> = Vec::new();
        for post in self.run.posts(job) {
            match messages.last_mut() {
                Some(last) if last.0[0].kind == post.kind && last.0[0].body == post.body => {
                    last.0.push(post);
                }
                _ => messages.push(Message(vec![post])),
            }
        }
        messages
    }
}

/// A message from a worker about a job: all attempts at the same post, of which there is at least one.
struct Message<'a>(Vec<&'a Request>);

impl Message<'_> {
    /// Describes the kind of message and the answer to each attempt.
    fn outline(&self) -> Value {
        let answers = self
            .0
            .iter()
            .map(|attempt| attempt.answered.unwrap_or_default());
        let answers: Vec<String> = answers.map(|status| status.to_string()).collect();
        Value::from(format!("{:?} {}", self.0[0].kind, answers.join(" ")))
    }
}

struct Comparison<'a> {
    case: &'a Case,
    sdk: Side<'a>,
    ours: Side<'a>,
    findings: Vec<Finding>,
}

impl Comparison<'_> {
    fn check(&mut self, place: Place, sdk: Option<Value>, ours: Option<Value>) {
        if sdk != ours {
            self.findings.push(Finding {
                case: self.case.name,
                place,
                sdk,
                ours,
            });
        }
    }

    /// Compares polls. Their number depends on timing, so the values of each part are compared as sets.
    fn polls(&mut self, kind: Kind) {
        let gather = |side: &Side<'_>| {
            let mut parts: Vec<Parts> = side.polls(kind).map(|r| side.parts(r)).collect();
            if kind == Kind::Take && self.case.concurrency > 1 {
                // The number of free slots later on depends on timing. It may be one (the single form) or several.
                parts.truncate(self.case.exact_takes);
            }
            shape::gathered(&parts)
        };
        let (mut sdk, mut ours) = (gather(&self.sdk), gather(&self.ours));
        if kind == Kind::Take {
            let values = |side: &Side<'_>| side.polls(kind).map(in_progress).collect();
            if self.case.concurrency == 1 {
                sdk.insert("job_in_progress".into(), values(&self.sdk));
                ours.insert("job_in_progress".into(), values(&self.ours));
            }
        }
        let names: BTreeSet<String> = sdk.keys().chain(ours.keys()).cloned().collect();
        for part in names {
            let value = |set: Option<&BTreeSet<String>>| {
                set.map(|set| set.iter().cloned().map(Value::from).collect())
            };
            let (sdk, ours) = (value(sdk.get(&part)), value(ours.get(&part)));
            self.check(Place::Polls { kind, part }, sdk, ours);
        }
    }

    fn first_takes(&mut self) {
        let urls = |side: &Side<'_>| -> Vec<String> {
            let takes = side.polls(Kind::Take).take(self.case.exact_takes);
            takes
                .map(|take| format!("{}?{}", side.parts(take)["path"], take.query))
                .collect()
        };
        let (sdk, ours) = (urls(&self.sdk), urls(&self.ours));
        for index in 0..sdk.len().max(ours.len()) {
            let value = |urls: &[String]| urls.get(index).cloned().map(Value::from);
            self.check(Place::TakeAt { index }, value(&sdk), value(&ours));
        }
    }

    /// Checks that a worker that exits by itself asks for no more jobs.
    fn last_takes(&mut self) {
        if self.case.leaving_ours != Leaving::ByItself {
            return;
        }
        let requests = self.ours.run.requests.iter();
        let after = requests.skip_while(|request| request.kind != Kind::Result);
        let count = after.filter(|request| request.kind == Kind::Take).count();
        let place = Place::Polls {
            kind: Kind::Take,
            part: "how many after the first result".into(),
        };
        self.check(place, Some(0.into()), Some(count.into()));
    }

    fn jobs(&mut self) {
        let runs = [self.sdk.run, self.ours.run];
        let requests = runs.into_iter().flat_map(|run| &run.requests);
        let jobs: BTreeSet<String> = requests.filter_map(|r| r.job.clone()).collect();
        for job in jobs {
            let (sdk, ours) = (self.sdk.messages(&job), self.ours.messages(&job));
            let outline =
                |messages: &[Message<'_>]| Some(messages.iter().map(Message::outline).collect());
            let place = Place::Posts { job: job.clone() };
            self.check(place, outline(&sdk), outline(&ours));
            for (sdk, ours) in sdk.iter().zip(&ours) {
                for (sdk, ours) in sdk.0.iter().zip(&ours.0) {
                    self.parts(&job, sdk, ours);
                }
                self.body(&job, sdk.0[0], ours.0[0]);
            }
        }
    }

    fn parts(&mut self, job: &str, sdk: &Request, ours: &Request) {
        let kind = sdk.kind;
        let (sdk, ours) = (self.sdk.parts(sdk), self.ours.parts(ours));
        let names: BTreeSet<&String> = sdk.keys().chain(ours.keys()).collect();
        for part in names {
            let value = |parts: &Parts| parts.get(part).cloned().map(Value::from);
            let place = Place::Post {
                job: job.to_owned(),
                kind,
                part: part.clone(),
            };
            self.check(place, value(&sdk), value(&ours));
        }
    }

    fn body(&mut self, job: &str, sdk: &Request, ours: &Request) {
        let kind = sdk.kind;
        let at = |part: &str| Place::Post {
            job: job.to_owned(),
            kind,
            part: part.to_owned(),
        };
        let unescaped = |request| Some(Value::from(shape::is_unescaped(request)));
        self.check(at("text unescaped"), unescaped(sdk), unescaped(ours));
        let before = self.findings.len();
        let (sdk_body, ours_body) = (shape::body(sdk), shape::body(ours));
        self.json(job, kind, "", Some(&sdk_body), Some(&ours_body));
        if self.findings.len() == before {
            let text = |request: &Request| {
                let text = String::from_utf8_lossy(&request.body).into_owned();
                Some(Value::from(text))
            };
            self.check(at("layout of the JSON"), text(sdk), text(ours));
        }
    }

    fn json(
        &mut self,
        job: &str,
        kind: Kind,
        pointer: &str,
        sdk: Option<&Value>,
        ours: Option<&Value>,
    ) {
        if let (Some(Value::Object(sdk)), Some(Value::Object(ours))) = (sdk, ours) {
            let keys: BTreeSet<&String> = sdk.keys().chain(ours.keys()).collect();
            for key in keys {
                let pointer = format!("{pointer}/{key}");
                self.json(job, kind, &pointer, sdk.get(key), ours.get(key));
            }
        } else {
            let place = Place::Body {
                job: job.to_owned(),
                kind,
                pointer: pointer.to_owned(),
            };
            self.check(place, sdk.cloned(), ours.cloned());
        }
    }

    fn unknown(&mut self) {
        let paths = |run: &Run| {
            let unknown = run.requests.iter().filter(|r| r.kind == Kind::Unknown);
            let paths: BTreeSet<&String> = unknown.map(|request| &request.path).collect();
            Some(paths.into_iter().cloned().collect::<Value>())
        };
        let (sdk, ours) = (paths(self.sdk.run), paths(self.ours.run));
        self.check(Place::Unknown, sdk, ours);
    }

    fn ending(&mut self) {
        let text = |run: &Run| Some(Value::from(format!("{:?}", run.ending)));
        let (sdk, ours) = (text(self.sdk.run), text(self.ours.run));
        self.check(Place::Ending, sdk, ours);
    }
}

/// Returns the parameters of a job-take request that describe running jobs.
fn in_progress(take: &Request) -> String {
    let found = take
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("job_in_progress="));
    found.unwrap_or("absent").to_owned()
}
