//! The language in which cases are written: what the endpoint answers, and when.

use serde_json::Value;

use crate::record::When;

/// One answer of the endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// 0 closes the connection instead.
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// How the body is compressed.
    pub(crate) encoding: Option<&'static str>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::of(status, "text/plain", "")
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::of(200, "application/json", body.to_string())
    }

    pub(crate) fn of(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            encoding: None,
            body: body.into(),
        }
    }

    /// JSON that was compressed beforehand.
    pub(crate) fn compressed(encoding: &'static str, body: &[u8]) -> Self {
        let encoding = Some(encoding);
        Self {
            encoding,
            ..Self::of(200, "application/json", body)
        }
    }

    /// The connection breaks before any answer.
    pub(crate) fn closed() -> Self {
        Self::status(0)
    }
}

/// One answer to a poll, given as soon as the condition holds.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) when: Option<When>,
    pub(crate) answer: Answer,
}

/// What makes a worker leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// A signal, sent once everything that was waited for has happened.
    Terminated,
    Interrupted,
    /// Nothing: it must go by itself.
    ByItself,
    /// Nothing, and where it does not go by itself it is beyond help.
    ByItselfOrKilled,
}

/// One worker, one script, played to the SDK and to ours.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Which worker the peers build.
    pub(crate) worker: &'static str,
    pub(crate) concurrency: usize,
    pub(crate) takes: Vec<Step>,
    pub(crate) stops: Vec<Step>,
    /// Answers to the posts about a job, in order; after them every post is accepted.
    pub(crate) posts: Vec<(&'static str, Vec<Answer>)>,
    /// A line on the worker's standard input for each, in this order: a handler that waits goes on.
    pub(crate) lines: Vec<When>,
    pub(crate) until: Vec<When>,
    /// What only ours does; see the differences.
    pub(crate) until_ours: Vec<When>,
    pub(crate) leaving_sdk: Leaving,
    pub(crate) leaving_ours: Leaving,
    /// Set, or taken away, on top of what every run has.
    pub(crate) environment: Vec<(&'static str, Option<&'static str>)>,
    /// How many of the first takes happen in a known order whatever the timing.
    pub(crate) exact_takes: usize,
    /// Heartbeats are part of the case; elsewhere how many there are depends on how long the run takes.
    pub(crate) with_pings: bool,
}

impl Case {
    pub(crate) fn new(name: &'static str, worker: &'static str) -> Self {
        Self {
            name,
            worker,
            concurrency: if worker.starts_with("four") { 4 } else { 1 },
            takes: Vec::new(),
            stops: Vec::new(),
            posts: Vec::new(),
            lines: Vec::new(),
            until: Vec::new(),
            until_ours: Vec::new(),
            leaving_sdk: Leaving::Terminated,
            leaving_ours: Leaving::Terminated,
            environment: Vec::new(),
            exact_takes: 1,
            with_pings: false,
        }
    }

    /// The next take is answered with a job, whose result is then waited for.
    pub(crate) fn job(self, id: &'static str, input: &Value) -> Self {
        self.take(Answer::json(
            &serde_json::json!({ "id": id, "input": input }),
        ))
        .until(When::Accepted(id))
    }

    /// The next take is answered so, at once.
    pub(crate) fn take(mut self, answer: Answer) -> Self {
        self.takes.push(Step { when: None, answer });
        self
    }

    /// The next take is answered so, but held until then.
    pub(crate) fn take_when(mut self, when: When, answer: Answer) -> Self {
        let when = Some(when);
        self.takes.push(Step { when, answer });
        self
    }

    /// The next take is answered with several jobs. Their results are not waited for by this.
    pub(crate) fn jobs<const N: usize>(self, jobs: [(&str, Value); N]) -> Self {
        let jobs = jobs.map(|(id, input)| serde_json::json!({ "id": id, "input": input }));
        self.take(Answer::json(&Value::from(jobs.to_vec())))
    }

    pub(crate) fn stop_when(mut self, when: When, answer: Answer) -> Self {
        let when = Some(when);
        self.stops.push(Step { when, answer });
        self
    }

    pub(crate) fn stop(mut self, answer: Answer) -> Self {
        self.stops.push(Step { when: None, answer });
        self
    }

    /// The posts about a job are answered so, one after the other, and accepted after that.
    pub(crate) fn answer_posts(mut self, job: &'static str, answers: Vec<Answer>) -> Self {
        self.posts.push((job, answers));
        self
    }

    pub(crate) fn line(mut self, when: When) -> Self {
        self.lines.push(when);
        self
    }

    pub(crate) fn until(mut self, when: When) -> Self {
        self.until.push(when);
        self
    }

    pub(crate) fn until_ours(mut self, when: When) -> Self {
        self.until_ours.push(when);
        self
    }

    pub(crate) fn leaving(mut self, sdk: Leaving, ours: Leaving) -> Self {
        self.leaving_sdk = sdk;
        self.leaving_ours = ours;
        self
    }

    pub(crate) fn with(mut self, variable: &'static str, value: &'static str) -> Self {
        self.environment.push((variable, Some(value)));
        self
    }

    pub(crate) fn without(mut self, variable: &'static str) -> Self {
        self.environment.push((variable, None));
        self
    }

    pub(crate) fn exact_takes(mut self, takes: usize) -> Self {
        self.exact_takes = takes;
        self
    }

    pub(crate) fn with_pings(mut self) -> Self {
        self.with_pings = true;
        self
    }
}
