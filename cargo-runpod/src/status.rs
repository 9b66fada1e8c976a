//! `cargo runpod status`: shows an endpoint, its workers with their versions, and its queue.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::endpoints::aligned;
use crate::failure::Failure;
use crate::invoke::probe::{Jobs, Probe};
use crate::invoke::safe_text;
use crate::rest::endpoint::{Endpoint, Scaling};
use crate::rest::worker::{Releases, Workers};
use crate::rest::{Api, Client, find};
use crate::threads;

/// Show an endpoint, its workers and its queue
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The name or the id of the endpoint
    name: String,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    api: Api,
}

#[derive(Debug)]
struct State {
    endpoint: Endpoint,
    workers: Workers,
    releases: Releases,
    /// `None` for an endpoint without a queue. The error says why the queue's state is not known.
    jobs: Option<Result<Jobs, String>>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let client = Client::new(&arguments.api)?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = threads::runtime(&mut builder, 0)?;
    let state = runtime.block_on(state(&client, &arguments.name))?;
    let text = if arguments.json {
        state.document()
    } else {
        state.text()
    };
    // If nobody reads stdout, there is nothing left to do.
    let _ = io::stdout().write_all(text.as_bytes());
    for warning in state.warnings() {
        let _ = writeln!(io::stderr(), "warning: {warning}");
    }
    Ok(ExitCode::SUCCESS)
}

async fn state(client: &Client, name: &str) -> Result<State, Failure> {
    let endpoint = find::existing(client, name).await?;
    let (workers, releases) =
        tokio::try_join!(client.workers(&endpoint.id), client.releases(&endpoint.id))?;
    let jobs = if endpoint.is_load_balancer() {
        None
    } else {
        Some(match Probe::at(&endpoint.id) {
            Ok(probe) => probe.jobs().await,
            Err(failure) => Err(failure.to_string()),
        })
    };
    Ok(State {
        endpoint,
        workers,
        releases,
        jobs,
    })
}

impl State {
    fn text(&self) -> String {
        let Self {
            endpoint,
            workers,
            releases,
            ..
        } = self;
        let line = |text: &str| safe_text::line(text, 200);
        let mut text = format!("{} ({})\n", line(&endpoint.name), line(&endpoint.id));
        let mut add = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:9} {value}");
        };
        add("type", &line(endpoint.kind.as_deref().unwrap_or("unknown")));
        add(
            "image",
            &line(endpoint.container.image.as_deref().unwrap_or("-")),
        );
        add("workers", &self.scaling());
        if let Some(url) = endpoint.url() {
            add("url", &line(url));
        }
        if let Some(version) = releases.version() {
            let newest = releases.history.first();
            let since = newest
                .map(|release| format!(", released {}", line(&release.created_at)))
                .unwrap_or_default();
            add("version", &format!("{version}{since}"));
        }
        let rollout = releases.rollout;
        if rollout.in_progress {
            add(
                "rollout",
                &format!(
                    "{} of {} workers run the current version",
                    rollout.workers_on_latest, rollout.workers_total
                ),
            );
        }
        match &self.jobs {
            None => {}
            Some(Ok(jobs)) => add(
                "queue",
                &format!(
                    "{} in queue, {} in progress, {} completed, {} failed, {} retried",
                    jobs.in_queue, jobs.in_progress, jobs.completed, jobs.failed, jobs.retried
                ),
            ),
            Some(Err(reason)) => add(
                "queue",
                &format!("not known: the endpoint {}", line(reason)),
            ),
        }
        if workers.workers.is_empty() {
            text.push_str("\nno workers\n");
            return text;
        }
        let mut rows = vec![
            [
                "WORKER",
                "STATUS",
                "VERSION",
                "GPU",
                "DATA CENTER",
                "UPTIME",
            ]
            .map(str::to_owned),
        ];
        rows.extend(workers.workers.iter().map(|worker| {
            let version = worker
                .version
                .map_or("?".to_owned(), |version| version.to_string());
            let old = if worker.is_stale { " (old)" } else { "" };
            [
                line(&worker.id),
                line(&worker.status),
                format!("{version}{old}"),
                line(worker.gpu_type_id.as_deref().unwrap_or("-")),
                line(worker.data_center_id.as_deref().unwrap_or("-")),
                worker
                    .uptime_seconds
                    .map_or("-".to_owned(), |seconds| format!("{seconds} s")),
            ]
        }));
        text.push('\n');
        text.push_str(&aligned(&rows));
        text
    }

    fn scaling(&self) -> String {
        let workers = self.endpoint.workers;
        let number =
            |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
        let scaling = match self.endpoint.scaling {
            Scaling::QueueDelay { queue_delay } => {
                format!("more if jobs wait longer than {queue_delay} s")
            }
            Scaling::Other => "scaled in an unknown way".to_owned(),
            Scaling::RequestCount { request_count } => {
                format!("more if each has more than {request_count} requests")
            }
        };
        let idle = workers
            .idle_timeout
            .map(|seconds| format!(", idle ones stop after {seconds} s"))
            .unwrap_or_default();
        format!(
            "{} to {}; {scaling}{idle}",
            number(workers.min),
            number(workers.max)
        )
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(min @ 1..) = self.endpoint.workers.min {
            warnings.push(format!(
                "workers.min is {min}, so the endpoint never scales to zero; {min} worker(s) are billed even without jobs. To change \
                 it, run `cargo runpod deploy --min-workers 0`"
            ));
        }
        let sick = self
            .workers
            .workers
            .iter()
            .filter(|worker| worker.status == "UNHEALTHY")
            .count();
        if sick > 0 {
            warnings.push(format!(
                "{sick} worker(s) are unhealthy; `cargo runpod logs {}` shows their logs",
                safe_text::line(&self.endpoint.name, 100)
            ));
        }
        warnings
    }

    fn document(&self) -> String {
        let Self {
            endpoint,
            workers,
            releases,
            jobs,
        } = self;
        let list: Vec<_> = workers
            .workers
            .iter()
            .map(|worker| {
                json!({
                    "id": worker.id, "status": worker.status, "version": worker.version, "isStale": worker.is_stale,
                    "image": worker.image, "gpu": worker.gpu_type_id, "dataCenter": worker.data_center_id,
                    "uptimeSeconds": worker.uptime_seconds, "startedAt": worker.started_at,
                })
            })
            .collect();
        let document = json!({
            "name": endpoint.name, "id": endpoint.id, "type": endpoint.kind, "image": endpoint.container.image,
            "url": endpoint.url(), "version": releases.version(),
            "workersMin": endpoint.workers.min, "workersMax": endpoint.workers.max, "scalesToZero": endpoint.workers.min == Some(0),
            "workers": list, "jobs": jobs.as_ref().and_then(|jobs| jobs.as_ref().ok()),
        });
        format!("{document}\n")
    }
}
