//! Where the requests of a worker go (protocol.md, sections 1 and 2).

use std::fmt;

use reqwest::Url;

use super::error::Fault;
use super::resolving::Resolving;
use super::url_template::{EXPECTED, UrlTemplate, encode_component, with_query};

pub(super) const TAKE: &str = "RUNPOD_WEBHOOK_GET_JOB";
const OUTPUT: &str = "RUNPOD_WEBHOOK_POST_OUTPUT";
const STREAM: &str = "RUNPOD_WEBHOOK_POST_STREAM";
const PING: &str = "RUNPOD_WEBHOOK_PING";

/// The part of a take URL in whose place the other requests to the same queue have their own.
const TAKE_PART: &str = "/job-take/";

/// An address of more than 65,534 bytes cannot be sent; this much of it is for the ids of jobs.
const LONGEST_LIST: usize = 60_000;

/// The URLs of the platform for this worker. All were checked at the start, so that none of the methods can fail.
#[derive(Clone)]
pub(crate) struct PlatformUrls {
    take: Url,
    output: UrlTemplate,
    stream: Option<UrlTemplate>,
    ping: Option<Url>,
}

impl PlatformUrls {
    /// Where to ask for up to `batch` jobs.
    pub(crate) fn take_url(&self, batch: usize, in_progress: bool) -> Url {
        let mut url = self.take.clone();
        if batch > 1 {
            url.set_path(&url.path().replace(TAKE_PART, "/job-take-batch/"));
            url = with_query(url, &format!("batch_size={batch}"));
        }
        with_query(url, &format!("job_in_progress={}", u8::from(in_progress)))
    }

    /// Where to ask which jobs to stop; `None` where the take URL has not the form from which it is made.
    pub(crate) fn stop_url(&self) -> Option<Url> {
        let mut url = self.take.clone();
        if !url.path().contains(TAKE_PART) {
            return None;
        }
        url.set_path(&url.path().replace(TAKE_PART, "/job-stop/"));
        Some(url)
    }

    /// Where a result goes, and, with `is_stream` false, a progress update. `worker_id` is the worker that ran the job: it
    /// is another one if the result was kept in a spool.
    pub(crate) fn output_url(&self, worker_id: &str, job_id: &str, is_stream: bool) -> Url {
        with_query(
            self.output.of_worker(worker_id).with_id(job_id),
            &format!("isStream={is_stream}"),
        )
    }

    /// Where an item of a stream goes; `None` only where no handler streams.
    pub(crate) fn stream_url(&self, worker_id: &str, job_id: &str) -> Option<Url> {
        let stream = self.stream.as_ref()?.of_worker(worker_id);
        Some(with_query(stream.with_id(job_id), "isStream=false"))
    }

    /// Where a heartbeat goes; `None` where heartbeats are off.
    pub(crate) fn ping_url(&self, job_ids: &[String], version: &str) -> Option<Url> {
        let mut query = String::new();
        if !job_ids.is_empty() {
            query = format!("job_id={}&", listed(job_ids));
        }
        query.push_str("runpod_version=");
        query.push_str(&encode_value(version));
        Some(with_query(self.ping.clone()?, &query))
    }

    /// Reads the four variables; `take` is the value of the first. `None` when one of them cannot be used.
    pub(super) fn resolve(
        resolving: &mut Resolving<'_>,
        take: &str,
        worker_id: &str,
        streams: bool,
    ) -> Option<Self> {
        let take = resolving.check(UrlTemplate::parse(TAKE, take, worker_id));
        let output = resolving.template(OUTPUT, worker_id);
        let stream = resolving.template(STREAM, worker_id);
        let ping = resolving.template(PING, worker_id);
        if output.is_unset() {
            resolving.fault(missing(
                OUTPUT,
                &format!("not set, while {TAKE} is: results would have nowhere to go"),
            ));
        }
        if streams && stream.is_unset() {
            resolving.fault(missing(
                STREAM,
                "not set, but a handler of this worker streams",
            ));
        }
        let urls = Self {
            take: take?.with_id(worker_id),
            output: output.usable()?,
            stream: stream.usable(),
            ping: ping.usable().map(|ping| ping.as_it_is()),
        };
        if urls.stop_url().is_none() {
            resolving.warnings.push(format!(
                "the path of {TAKE} has no {TAKE_PART} in it: a job that is cancelled on the platform runs to its end"
            ));
        }
        Some(urls.with_heartbeat_or_warning(resolving))
    }

    /// The platform sends heartbeats nowhere by itself: all that they need must be there, as in the SDK.
    fn with_heartbeat_or_warning(mut self, resolving: &mut Resolving<'_>) -> Self {
        let missing: Vec<_> = [PING, "RUNPOD_POD_ID", "RUNPOD_AI_API_KEY"]
            .into_iter()
            .filter(|name| resolving.environment.get(name).is_none())
            .collect();
        if !missing.is_empty() {
            self.ping = None;
            let (last, before) = missing.split_last().unwrap_or((&"", &[]));
            let names = match before {
                [] => format!("{last} is"),
                before => format!("{} and {last} are", before.join(", ")),
            };
            resolving
                .warnings
                .push(format!("no heartbeats are sent, because {names} not set"));
        }
        self
    }

    /// The URLs that a platform at `base` gives to the worker `w1`.
    #[cfg(test)]
    pub(crate) fn for_tests(base: &str) -> Self {
        let template = |path: &str| {
            UrlTemplate::parse("base", &format!("{base}/v2/ep/{path}?gpu=test"), "w1")
                .unwrap_or_else(|fault| panic!("{fault}"))
        };
        Self {
            take: template("job-take/$ID").with_id("w1"),
            output: template("job-done/$RUNPOD_POD_ID/$ID"),
            stream: Some(template("job-stream/$RUNPOD_POD_ID/$ID")),
            ping: Some(template("ping/$RUNPOD_POD_ID").as_it_is()),
        }
    }
}

impl fmt::Debug for PlatformUrls {
    /// Without queries, which may carry routing and authorisation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = |template: &UrlTemplate| shown_url(&template.as_it_is());
        f.debug_struct("PlatformUrls")
            .field("take", &shown_url(&self.take))
            .field("output", &template(&self.output))
            .field("stream", &self.stream.as_ref().map(template))
            .field("ping", &self.ping.as_ref().map(shown_url))
            .finish()
    }
}

/// What may be shown of a URL: not its query.
fn shown_url(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.into()
}

fn missing(variable: &str, problem: &str) -> Fault {
    Fault::new(variable, problem)
        .expected(EXPECTED)
        .remedy(format!("set it, or unset {TAKE} to run a local test job"))
}

/// Ids of jobs as the value of a query: all of them, or the first ones if an address cannot hold them all.
fn listed(job_ids: &[String]) -> String {
    let comma = encode_value(",");
    let mut list = String::new();
    for id in job_ids {
        let id = encode_value(id);
        if list.len() + comma.len() + id.len() > LONGEST_LIST {
            break;
        }
        if !list.is_empty() {
            list.push_str(&comma);
        }
        list.push_str(&id);
    }
    list
}

/// A value of a query as Python's `requests` writes it: percent-encoded, with a `+` for a space.
fn encode_value(text: &str) -> String {
    encode_component(text).replace("%20", "+")
}

#[cfg(test)]
#[path = "platform_urls_tests.rs"]
mod tests;
