//! Parses the requests of workers.

use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use serde_json::Value;

/// One request of a worker.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) route: Route,
    /// The worker that sends the request, as named in the path.
    pub(crate) worker: String,
    /// The job that a post is about.
    pub(crate) job: String,
    pub(crate) body: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    Take {
        want: usize,
        in_progress: bool,
    },
    Stop,
    Ping,
    Item,
    Progress,
    Result,
    /// A handler's request that waits at its gate. The worker itself does not send it.
    Gate,
    /// A request from the test suite itself. When it is answered, every earlier connection has been accepted.
    Barrier,
    Unknown,
}

impl Route {
    pub(crate) fn is_take(self) -> bool {
        matches!(self, Self::Take { .. })
    }

    pub(crate) fn is_post(self) -> bool {
        matches!(self, Self::Item | Self::Progress | Self::Result)
    }
}

impl Asked {
    /// Reads the whole request.
    pub(crate) async fn read(request: Request<Incoming>) -> Result<Self, hyper::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let query = head.uri.query().unwrap_or_default();
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(found, value)| (found == name).then_some(value))
        };
        let segments: Vec<&str> = head.uri.path().split('/').collect();
        let (route, worker, job) = match segments[..] {
            ["", "v2", _, "job-take" | "job-take-batch", worker] => {
                let want = value("batch_size").and_then(|size| size.parse().ok());
                let route = Route::Take {
                    want: want.unwrap_or(1),
                    in_progress: value("job_in_progress") == Some("1"),
                };
                (route, worker, "")
            }
            ["", "v2", _, "job-stop", worker] => (Route::Stop, worker, ""),
            ["", "v2", _, "ping", worker] => (Route::Ping, worker, ""),
            ["", "v2", _, "job-stream", worker, job] => (Route::Item, worker, job),
            ["", "v2", _, "job-done", worker, job] => {
                let is_progress = serde_json::from_slice::<Value>(&body)
                    .is_ok_and(|body| body["status"] == "IN_PROGRESS");
                let route = if is_progress {
                    Route::Progress
                } else {
                    Route::Result
                };
                (route, worker, job)
            }
            ["", "gate", job] => (Route::Gate, "", job),
            ["", "barrier"] => (Route::Barrier, "", ""),
            _ => (Route::Unknown, "", ""),
        };
        Ok(Self {
            route,
            worker: worker.to_owned(),
            job: job.to_owned(),
            body,
        })
    }
}
