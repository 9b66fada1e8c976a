//! The language of the cases: the answers of the endpoint and their conditions.

use serde_json::Value;

use crate::record::When;

/// An answer of the endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status of the answer. 0 closes the connection instead.
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// The compression of the body.
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

    /// Returns an answer with JSON that is already compressed.
    pub(crate) fn compressed(encoding: &'static str, body: &[u8]) -> Self {
        let encoding = Some(encoding);
        Self {
            encoding,
            ..Self::of(200, "application/json", body)
        }
    }

    /// Breaks the connection without any answer.
    pub(crate) fn closed() -> Self {
        Self::status(0)
    }
}

/// An answer to a poll, sent as soon as the condition holds.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) when: Option<When>,
    pub(crate) answer: Answer,
}

/// The event that makes a worker exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// A signal, sent after everything the case waits for has happened.
    Terminated,
    Interrupted,
    /// No event. The worker must exit by itself.
    ByItself,
    /// No event. If the worker does not exit by itself, it is killed.
    ByItselfOrKilled,
}

/// One worker and one script, which the SDK and our worker both play.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The name of the worker that both programs build, and its flags.
    pub(crate) worker: &'static str,
    pub(crate) concurrency: usize,
    pub(crate) takes: Vec<Step>,
    pub(crate) stops: Vec<Step>,
    /// Answers to the posts about a job, in order. After them, every post is accepted.
    pub(crate) posts: Vec<(&'static str, Vec<Answer>)>,
    /// For each condition, in this order, the worker gets a line on standard input. A waiting handler then continues.
    pub(crate) lines: Vec<When>,
    pub(crate) until: Vec<When>,
    /// Conditions that only our worker fulfils. `differences.rs` gives the reasons.
    pub(crate) until_ours: Vec<When>,
    pub(crate) leaving_sdk: Leaving,
    pub(crate) leaving_ours: Leaving,
    /// Variables that are set or removed in addition to those of every run.
    pub(crate) environment: Vec<(&'static str, Option<&'static str>)>,
    /// The number of job-take requests at the start of the case whose order does not depend on timing.
    pub(crate) exact_takes: usize,
    /// Whether heartbeats are part of the case. In other cases, their number depends on how long the run takes.
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

    /// Answers the next job-take request with a job and then waits for its result.
    pub(crate) fn job(self, id: &'static str, input: &Value) -> Self {
        self.take(Answer::json(
            &serde_json::json!({ "id": id, "input": input }),
        ))
        .until(When::Accepted(id))
    }

    /// Answers the next job-take request immediately with this answer.
    pub(crate) fn take(mut self, answer: Answer) -> Self {
        self.takes.push(Step { when: None, answer });
        self
    }

    /// Answers the next job-take request with this answer, but holds it until the condition holds.
    pub(crate) fn take_when(mut self, when: When, answer: Answer) -> Self {
        let when = Some(when);
        self.takes.push(Step { when, answer });
        self
    }

    /// Answers the next job-take request with several jobs. Does not wait for their results.
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

    /// Answers the posts about a job with these answers, one after another, and then accepts every post.
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
