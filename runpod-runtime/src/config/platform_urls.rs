//! The URLs of a worker's requests (protocol.md, sections 1 and 2).

use std::fmt;

use reqwest::Url;

use super::error::Fault;
use super::resolver::Resolver;
use super::url_template::{EXPECTED, UrlTemplate, with_query};
use crate::text::encode_component;

pub(super) const TAKE: &str = "RUNPOD_WEBHOOK_GET_JOB";
const OUTPUT: &str = "RUNPOD_WEBHOOK_POST_OUTPUT";
const STREAM: &str = "RUNPOD_WEBHOOK_POST_STREAM";
const PING: &str = "RUNPOD_WEBHOOK_PING";

/// The query of every post that is not a stream's result.
const NO_STREAM: &str = "isStream=false";

/// The part of the job-take URL that is replaced to get the URLs of batch takes and stop polls.
const TAKE_PART: &str = "/job-take/";

/// The platform's URLs for this worker. They are checked at startup, so the methods cannot fail.
#[derive(Clone)]
pub(crate) struct PlatformUrls {
    take: Url,
    /// The URLs to take one job, when no job is in progress and when one is.
    take_one: [Url; 2],
    output: UrlTemplate,
    stream: Option<UrlTemplate>,
    ping: Option<Url>,
}

impl PlatformUrls {
    fn new(take: Url, output: UrlTemplate, stream: Option<UrlTemplate>, ping: Option<Url>) -> Self {
        let one = |query| with_query(take.clone(), query);
        Self {
            take_one: [one("job_in_progress=0"), one("job_in_progress=1")],
            take,
            output,
            stream,
            ping,
        }
    }

    /// Returns the URL to take up to `batch` jobs.
    pub(crate) fn take_url(&self, batch: usize, in_progress: bool) -> Url {
        let in_progress = usize::from(in_progress);
        if batch <= 1 {
            return self.take_one[in_progress].clone();
        }
        let mut url = self.take.clone();
        url.set_path(&url.path().replace(TAKE_PART, "/job-take-batch/"));
        with_query(
            url,
            &format!("batch_size={batch}&job_in_progress={in_progress}"),
        )
    }

    /// Returns the URL of the stop poll, or `None` if the job-take URL does not have the expected form.
    pub(crate) fn stop_url(&self) -> Option<Url> {
        let mut url = self.take.clone();
        if !url.path().contains(TAKE_PART) {
            return None;
        }
        url.set_path(&url.path().replace(TAKE_PART, "/job-stop/"));
        Some(url)
    }

    /// Returns the URL to post a result or a progress update to. `is_stream` is true only for a stream's result.
    /// `worker_id` is the worker that ran the job, which differs from this worker if the result comes from a spool.
    pub(crate) fn output_url(&self, worker_id: &str, job_id: &str, is_stream: bool) -> Url {
        let query = if is_stream {
            "isStream=true"
        } else {
            NO_STREAM
        };
        self.output
            .of_worker(worker_id)
            .with_id_and_query(job_id, query)
    }

    /// Returns the URL to post a stream item to, or `None` if no handler streams.
    pub(crate) fn stream_url(&self, worker_id: &str, job_id: &str) -> Option<Url> {
        let stream = self.stream.as_ref()?.of_worker(worker_id);
        Some(stream.with_id_and_query(job_id, NO_STREAM))
    }

    /// Returns the URL of a heartbeat and the number of jobs that the URL names, or `None` if heartbeats are off.
    ///
    /// The heartbeat names the first job in any case, and further jobs as long as the URL has at most `longest`
    /// bytes. If one URL cannot name all jobs, the jobs are split evenly among several heartbeats, because the
    /// platform could mistake a short list for the list of all jobs.
    pub(crate) fn ping_url(
        &self,
        job_ids: &[String],
        version: &str,
        longest: usize,
    ) -> Option<(Url, usize)> {
        let url = self.ping.clone()?;
        let version = format!("runpod_version={}", encode_value(version));
        if job_ids.is_empty() {
            return Some((with_query(url, &version), 0));
        }
        let ids: Vec<String> = job_ids.iter().map(|id| encode_value(id)).collect();
        let comma = encode_value(",");
        // The separators of the query count towards the length too.
        let room = longest.saturating_sub(url.as_str().len() + "?job_id=&".len() + version.len());
        let all: usize = ids.iter().map(|id| id.len() + comma.len()).sum();
        let share = all.div_ceil(all.div_ceil(room.max(1)));
        let mut list = String::new();
        let mut named = 0;
        for id in ids {
            if named > 0 {
                if list.len() >= share || list.len() + comma.len() + id.len() > room {
                    break;
                }
                list.push_str(&comma);
            }
            list.push_str(&id);
            named += 1;
        }
        Some((with_query(url, &format!("job_id={list}&{version}")), named))
    }

    /// Returns the URL of the last heartbeat of an unhealthy worker, with the parameters in the SDK's order, or `None`
    /// if heartbeats are off.
    pub(crate) fn unhealthy_url(&self, check: &str, reason: &str, version: &str) -> Option<Url> {
        let mut url = self.ping.clone()?;
        url.query_pairs_mut()
            .append_pair("status", "unhealthy")
            .append_pair("check", check)
            .append_pair("reason", reason)
            .append_pair("runpod_version", version);
        Some(url)
    }

    /// Reads the four variables. `take` is the value of the first one. Returns `None` if one of them is invalid.
    pub(super) fn resolve(
        resolver: &mut Resolver<'_>,
        take: &str,
        worker_id: &str,
        streams: bool,
    ) -> Option<Self> {
        let take = resolver.check(UrlTemplate::parse(TAKE, take, worker_id));
        let output = resolver.template(OUTPUT, worker_id);
        let stream = resolver.template(STREAM, worker_id);
        let ping = resolver.template(PING, worker_id);
        if output.is_unset() {
            resolver.fault(missing(
                OUTPUT,
                &format!("not set, although {TAKE} is set, so results could not be posted"),
            ));
        }
        if streams && stream.is_unset() {
            resolver.fault(missing(
                STREAM,
                "not set, but a handler of this worker streams",
            ));
        }
        let urls = Self::new(
            take?.with_id(worker_id),
            output.usable()?,
            stream.usable(),
            ping.usable().map(|ping| ping.as_it_is()),
        );
        if urls.stop_url().is_none() {
            resolver.warnings.push(format!(
                "the path of {TAKE} does not contain {TAKE_PART}, so the worker cannot ask which jobs were cancelled and finishes them"
            ));
        }
        Some(urls.with_heartbeat_or_warning(resolver))
    }

    /// Reads only the URL of heartbeats, for a worker that takes no jobs from the platform. Returns `None` if it sends
    /// none.
    pub(super) fn of_heartbeats(resolver: &mut Resolver<'_>, worker_id: &str) -> Option<Self> {
        let ping = resolver.template(PING, worker_id).usable()?;
        let url = ping.as_it_is();
        // The other URLs are never used.
        let urls = Self::new(url.clone(), ping, None, Some(url));
        let urls = urls.with_heartbeat_or_warning(resolver);
        urls.ping.is_some().then_some(urls)
    }

    /// Disables heartbeats with a warning if one of the variables that they need is not set, as the SDK does.
    fn with_heartbeat_or_warning(mut self, resolver: &mut Resolver<'_>) -> Self {
        let missing: Vec<_> = [PING, "RUNPOD_POD_ID", "RUNPOD_AI_API_KEY"]
            .into_iter()
            .filter(|name| resolver.environment.get(name).is_none())
            .collect();
        if !missing.is_empty() {
            self.ping = None;
            let (last, before) = missing.split_last().unwrap_or((&"", &[]));
            let names = match before {
                [] => format!("{last} is"),
                before => format!("{} and {last} are", before.join(", ")),
            };
            resolver
                .warnings
                .push(format!("no heartbeats are sent, because {names} not set"));
        }
        self
    }

    /// Returns the URLs that a platform at `base` gives to the worker `w1`.
    #[cfg(test)]
    pub(crate) fn for_tests(base: &str) -> Self {
        let template = |path: &str| {
            UrlTemplate::parse("base", &format!("{base}/v2/ep/{path}?gpu=test"), "w1")
                .unwrap_or_else(|fault| panic!("{fault}"))
        };
        Self::new(
            template("job-take/$ID").with_id("w1"),
            template("job-done/$RUNPOD_POD_ID/$ID"),
            Some(template("job-stream/$RUNPOD_POD_ID/$ID")),
            Some(template("ping/$RUNPOD_POD_ID").as_it_is()),
        )
    }
}

impl fmt::Debug for PlatformUrls {
    /// Shows the URLs without queries, which may contain routing and authorisation data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = |template: &UrlTemplate| shown_url(&template.as_it_is());
        f.debug_struct("PlatformUrls")
            .field("take", &shown_url(&self.take))
            .field("output", &template(&self.output))
            .field("stream", &self.stream.as_ref().map(template))
            .field("ping", &self.ping.as_ref().map(shown_url))
            .finish_non_exhaustive()
    }
}

/// Returns the URL without its query.
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

/// Encodes a query value as Python's `requests` does: percent-encoded, with `+` for a space.
fn encode_value(text: &str) -> String {
    encode_component(text).replace("%20", "+")
}

#[cfg(test)]
#[path = "platform_urls_tests.rs"]
mod tests;
