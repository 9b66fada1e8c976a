//! The requests of a worker in order of arrival, and conditions on them.

use serde_json::Value;

/// The purpose of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Take,
    Stop,
    Ping,
    Stream,
    Progress,
    Result,
    /// A request that the protocol does not define.
    Unknown,
}

/// A request as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// The headers. Their names are in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The job that a post is about, as named in the path.
    pub(crate) job: Option<String>,
    /// The status of the answer. It is `None` while the request is held, and 0 if the connection was closed instead.
    pub(crate) answered: Option<u16>,
}

impl Request {
    /// Classifies a request by its path, and a progress update by its body.
    pub(crate) fn new(
        method: String,
        path: String,
        query: String,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Self {
        let segments: Vec<&str> = path.split('/').collect();
        let (kind, job) = match segments[..] {
            // `jobs` is the path that one case uses for a job-take URL without `/job-take/`.
            ["", "v2", _, "job-take" | "job-take-batch" | "jobs", _] => (Kind::Take, None),
            ["", "v2", _, "job-stop", _] => (Kind::Stop, None),
            ["", "v2", _, "ping", _] => (Kind::Ping, None),
            ["", "v2", _, "job-stream", _, job] => (Kind::Stream, Some(job.to_owned())),
            ["", "v2", _, "job-done", _, job] => {
                let is_progress = serde_json::from_slice::<Value>(&body)
                    .is_ok_and(|body| body["status"] == "IN_PROGRESS");
                let kind = if is_progress {
                    Kind::Progress
                } else {
                    Kind::Result
                };
                (kind, Some(job.to_owned()))
            }
            _ => (Kind::Unknown, None),
        };
        Self {
            kind,
            method,
            path,
            query,
            headers,
            body,
            job,
            answered: None,
        }
    }

    /// Returns the ids that a heartbeat names.
    pub(crate) fn job_ids(&self) -> Vec<String> {
        let mut pairs = self.query.split('&');
        let ids = pairs.find_map(|pair| pair.strip_prefix("job_id="));
        ids.map_or_else(Vec::new, |ids| {
            let ids = ids.replace("%2C", ",");
            ids.split(',').map(str::to_owned).collect()
        })
    }
}

/// All requests that a worker has sent so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) requests: Vec<Request>,
    /// Whether everything that the run waits for has happened. From then on, polls are not held.
    pub(crate) over: bool,
}

impl Log {
    fn count(&self, matches: impl Fn(&Request) -> bool) -> usize {
        self.requests
            .iter()
            .filter(|request| matches(request))
            .count()
    }
}

/// A condition that a script waits for.
#[derive(Debug, Clone)]
pub(crate) enum When {
    /// This many progress updates of the job have arrived.
    Progress(&'static str, usize),
    /// A result of the job has arrived, whatever the answer was.
    Tried(&'static str),
    /// A result of the job was answered with a 2xx.
    Accepted(&'static str),
    /// This many job-take requests have arrived.
    Takes(usize),
    /// This many stop polls were answered.
    Stops(usize),
    /// A heartbeat has named exactly these jobs.
    PingNaming(&'static [&'static str]),
    /// A heartbeat has named no job.
    IdlePing,
    /// The worker has reported that it is unhealthy.
    Unhealthy,
    /// The suite has sent the signal that stops the worker.
    Over,
}

impl When {
    pub(crate) fn holds(&self, log: &Log) -> bool {
        let of = |request: &Request, kind: Kind, job: &str| {
            request.kind == kind && request.job.as_deref() == Some(job)
        };
        match self {
            Self::Progress(job, times) => log.count(|r| of(r, Kind::Progress, job)) >= *times,
            Self::Tried(job) => log.count(|r| of(r, Kind::Result, job)) > 0,
            Self::Accepted(job) => {
                log.count(|r| of(r, Kind::Result, job) && matches!(r.answered, Some(200..300))) > 0
            }
            Self::Takes(times) => log.count(|r| r.kind == Kind::Take) >= *times,
            Self::Stops(times) => {
                log.count(|r| r.kind == Kind::Stop && r.answered.is_some()) >= *times
            }
            Self::PingNaming(jobs) => {
                log.count(|r| {
                    let mut ids = r.job_ids();
                    ids.sort();
                    r.kind == Kind::Ping && ids == *jobs
                }) > 0
            }
            Self::IdlePing => log.count(|r| r.kind == Kind::Ping && r.job_ids().is_empty()) > 0,
            Self::Unhealthy => {
                log.count(|r| r.kind == Kind::Ping && r.query.contains("status=unhealthy")) > 0
            }
            Self::Over => log.over,
        }
    }
}

/// How a worker's process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Whether the worker exited without a signal to stop.
    pub(crate) by_itself: bool,
    /// The exit code, or `None` if a signal killed the worker.
    pub(crate) code: Option<i32>,
}

/// A worker's complete run of a case.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) requests: Vec<Request>,
    pub(crate) ending: Ending,
}

impl Run {
    /// Returns the posts about a job, in order of arrival.
    pub(crate) fn posts<'a, 'j>(
        &'a self,
        job: &'j str,
    ) -> impl Iterator<Item = &'a Request> + use<'a, 'j> {
        let posts = self.requests.iter();
        posts.filter(move |request| request.job.as_deref() == Some(job))
    }
}
