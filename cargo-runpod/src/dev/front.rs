//! The part of this command that clients talk to: a local queue endpoint, or a load balancer (`--http`).

use std::borrow::Cow;
use std::io;

use runpod_local::Running;
use runpod_local::balancer::Balancer;

use super::described::Described;
use super::log_line::LogLine;
use super::program::Program;

/// The variable with the path of a worker's health check, and its default.
const HEALTH_CHECK_PATH: (&str, &str) = ("HEALTH_CHECK_PATH", "/ping");

#[derive(Debug)]
pub(super) enum Front {
    Queue(Running),
    Http(Balancer),
}

/// The words for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// The work of a worker that is ready.
    pub(super) works: &'static str,
    /// The time of an exit that was too early.
    pub(super) too_early: &'static str,
    /// The same for a client whose job or request waits.
    pub(super) before: &'static str,
    /// The work that a worker finishes when it stops.
    pub(super) running: &'static str,
    /// The effect on clients while there is no worker.
    pub(super) wait: &'static str,
    job: &'static str,
    jobs: &'static str,
    pub(super) lost: &'static str,
}

impl Words {
    /// Formats a number of jobs or requests: `1 job`, `2 requests`.
    pub(super) fn count(&self, number: usize) -> String {
        let word = if number == 1 { self.job } else { self.jobs };
        format!("{number} {word}")
    }
}

/// The numbers of unfinished jobs or requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) waiting: usize,
    pub(super) running: usize,
}

impl Front {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Queue(_) => Words {
                works: "takes jobs",
                too_early: "before it took a job",
                before: " before it asked for a job",
                running: "its running jobs",
                wait: "jobs wait in the queue",
                job: "job",
                jobs: "jobs",
                lost: "lost with the queue",
            },
            Self::Http(_) => Words {
                works: "serves requests",
                too_early: "before it was ready",
                before: " before it was ready",
                running: "its open requests",
                wait: "requests wait for up to two minutes",
                job: "request",
                jobs: "requests",
                lost: "refused",
            },
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Queue(endpoint) => endpoint.url(),
            Self::Http(balancer) => balancer.url(),
        }
    }

    pub(super) fn describe(&self, described: Described) {
        let Described {
            handlers,
            route,
            examples,
        } = described;
        match self {
            Self::Queue(endpoint) => endpoint.describe(handlers, route, examples),
            // The page reads the handlers from the worker.
            Self::Http(balancer) => balancer.describe(examples),
        }
    }

    pub(super) fn build_started(&self, workers: u16) {
        match self {
            Self::Queue(endpoint) => endpoint.build_started(workers.into()),
            Self::Http(balancer) => balancer.build_started(),
        }
    }

    pub(super) fn build_failed(&self, reason: &str) {
        match self {
            Self::Queue(endpoint) => endpoint.build_failed(reason),
            Self::Http(balancer) => balancer.build_failed(reason),
        }
    }

    pub(super) fn build_finished(&self) {
        match self {
            Self::Queue(endpoint) => endpoint.build_finished(),
            Self::Http(balancer) => balancer.build_finished(),
        }
    }

    pub(super) fn worker_starts(&self, id: &str) {
        match self {
            Self::Queue(endpoint) => endpoint.worker_starts(id),
            Self::Http(balancer) => balancer.worker_starts(id),
        }
    }

    /// Returns the flag with which a worker is started. It makes a worker listen only for programs on this machine.
    pub(super) fn flag(&self) -> Option<&'static str> {
        match self {
            Self::Queue(_) => None,
            Self::Http(_) => Some("--serve-http"),
        }
    }

    /// Returns the variables that attach a worker.
    pub(super) fn worker_environment(
        &self,
        id: &str,
        program: &Program,
    ) -> io::Result<Vec<(&'static str, String)>> {
        let balancer = match self {
            Self::Queue(endpoint) => return Ok(endpoint.worker_environment(Some(id))),
            Self::Http(balancer) => balancer,
        };
        let (name, default) = HEALTH_CHECK_PATH;
        let path = program
            .run
            .variable(name)
            .map(|path| path.to_string_lossy());
        let path = path.unwrap_or(Cow::Borrowed(default));
        // A worker uses the default, or refuses to start, if the path is not usable.
        let is_usable = path.starts_with('/');
        let port = balancer.port_for(id, if is_usable { &path } else { default })?;
        let on = || "true".to_owned();
        Ok(vec![
            ("PORT", port.to_string()),
            ("RUNPOD_POD_ID", id.to_owned()),
            // Workers check the machine before they are ready, and this machine is no machine of Runpod's.
            ("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", on()),
            ("RUNPOD_SKIP_GPU_CHECK", on()),
        ])
    }

    /// Waits until a worker is ready for work. Never returns if it does not become ready.
    pub(super) async fn attached(&self, id: &str) {
        match self {
            Self::Queue(endpoint) => endpoint.attached(id).await,
            Self::Http(balancer) => balancer.attached(id).await,
        }
    }

    /// Gives no further work to a worker.
    pub(super) fn worker_leaves(&self, id: &str) {
        match self {
            Self::Queue(endpoint) => endpoint.worker_leaves(id),
            Self::Http(balancer) => balancer.worker_leaves(id),
        }
    }

    /// Waits until a worker can be stopped without refusing the work that it was given.
    pub(super) async fn settled(&self, id: &str) {
        match self {
            Self::Queue(_) => {}
            Self::Http(balancer) => balancer.settled(id).await,
        }
    }

    /// Handles an event in a worker's log.
    pub(super) fn logged(&self, id: &str, event: &LogLine) {
        match (self, &event.job) {
            (Self::Queue(endpoint), Some(job)) => {
                let logs = endpoint.job_logs();
                for text in event.lines() {
                    logs.push(job, &event.level, text);
                }
            }
            (Self::Http(balancer), None) if event.level == "ERROR" => {
                let lines: Vec<_> = event.lines().collect();
                balancer.worker_logged_error(id, &lines.join(" "));
            }
            _ => {}
        }
    }

    pub(super) fn worker_ended(&self, id: &str) {
        match self {
            Self::Queue(endpoint) => endpoint.worker_ended(id),
            Self::Http(balancer) => balancer.worker_ended(id),
        }
    }

    pub(super) fn worker_crashed(&self, id: &str, reason: &str) {
        match self {
            Self::Queue(endpoint) => endpoint.worker_crashed(id, reason),
            Self::Http(balancer) => balancer.worker_crashed(id, reason),
        }
    }

    pub(super) fn open(&self) -> Open {
        let open = match self {
            Self::Queue(endpoint) => endpoint.open_jobs(),
            Self::Http(balancer) => balancer.open_requests(),
        };
        Open {
            waiting: open.queued,
            running: open.running,
        }
    }

    /// Handles that this command is about to stop. A queue still takes jobs, which are lost with it.
    pub(super) fn close(&self) {
        if let Self::Http(balancer) = self {
            balancer.close();
        }
    }

    pub(super) async fn shutdown(self) {
        match self {
            Self::Queue(endpoint) => endpoint.shutdown().await,
            Self::Http(balancer) => balancer.shutdown().await,
        }
    }
}
