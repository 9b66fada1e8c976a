//! The platform's side of the worker protocol, as far as the examples need it. The endpoint hands out the jobs of a
//! queue, holds a job-take request while the queue is empty, and reports all posts in the order in which they arrive.
//!
//! The endpoint of the conformance suite follows a script of answers. With this endpoint, a worker takes jobs at its
//! own pace.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{future, io};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinSet};

/// A post of a worker for a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Post {
    Item(Value),
    Progress(Value),
    /// The whole body, because the tests also check the keys next to `output`.
    Result(Value),
}

/// A running endpoint, which stops when this value is dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    desk: Arc<Desk>,
    posts: mpsc::UnboundedReceiver<(String, Post)>,
    server: AbortHandle,
}

#[derive(Debug)]
struct Desk {
    queue: Mutex<VecDeque<Value>>,
    /// Whether job-take requests are answered at once.
    closed: AtomicBool,
    change: Notify,
    /// The queries of the pings of a worker that is broken.
    unhealthy: Mutex<Vec<String>>,
    posts: mpsc::UnboundedSender<(String, Post)>,
}

impl Endpoint {
    pub(crate) async fn with_jobs(jobs: impl IntoIterator<Item = Value>) -> Self {
        let (sender, posts) = mpsc::unbounded_channel();
        let queue = Mutex::new(jobs.into_iter().collect());
        let desk = Arc::new(Desk {
            queue,
            closed: AtomicBool::new(false),
            change: Notify::new(),
            unhealthy: Mutex::default(),
            posts: sender,
        });
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let server = tokio::spawn(accept(listener, Arc::clone(&desk))).abort_handle();
        Self {
            address,
            desk,
            posts,
            server,
        }
    }

    /// Returns the variables that the platform sets in a worker's environment.
    pub(crate) fn environment(&self) -> [(&'static str, String); 6] {
        let base = format!("http://{}/v2/test", self.address);
        [
            (
                "RUNPOD_WEBHOOK_GET_JOB",
                format!("{base}/job-take/$ID?gpu=none"),
            ),
            (
                "RUNPOD_WEBHOOK_POST_OUTPUT",
                format!("{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=none"),
            ),
            (
                "RUNPOD_WEBHOOK_POST_STREAM",
                format!("{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=none"),
            ),
            ("RUNPOD_WEBHOOK_PING", format!("{base}/ping/$RUNPOD_POD_ID")),
            ("RUNPOD_AI_API_KEY", "a-key-for-tests".to_owned()),
            ("RUNPOD_POD_ID", "worker-of-the-tests".to_owned()),
        ]
    }

    pub(crate) fn add(&self, job: Value) {
        self.desk.queue().push_back(job);
        self.desk.change.notify_waiters();
    }

    /// Answers the job-take requests that are held, and holds no further ones, because the platform has no jobs for a
    /// worker that it stops.
    pub(crate) fn close(&self) {
        self.desk.closed.store(true, Ordering::SeqCst);
        self.desk.change.notify_waiters();
    }

    /// Returns the number of jobs that no worker has taken.
    pub(crate) fn jobs_left(&self) -> usize {
        self.desk.queue().len()
    }

    /// Returns the queries of the pings with which workers reported themselves unhealthy.
    #[cfg(target_os = "linux")]
    pub(crate) fn unhealthy_pings(&self) -> Vec<String> {
        self.desk.pings().clone()
    }

    /// Waits for the next post, and returns it with the id of its job.
    pub(crate) async fn next(&mut self) -> (String, Post) {
        self.posts
            .recv()
            .await
            .expect("the sender lives as long as the endpoint")
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) -> io::Result<Infallible> {
    // If this task is dropped, all connections are dropped too.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let desk = Arc::clone(&desk);
        let service = service_fn(move |request| {
            let desk = Arc::clone(&desk);
            async move { desk.serve(request).await }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Desk {
    async fn serve(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let path: Vec<&str> = head
            .uri
            .path()
            .trim_start_matches("/v2/test/")
            .split('/')
            .collect();
        let query = head.uri.query().unwrap_or_default();
        match path.as_slice() {
            ["job-take", _] => match self.take(1).await.pop() {
                Some(job) => answer(200, &job),
                None => nothing(),
            },
            ["job-take-batch", _] => {
                let wanted = query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("batch_size="));
                let wanted = wanted.and_then(|number| number.parse().ok()).unwrap_or(1);
                let jobs = self.take(wanted).await;
                if jobs.is_empty() {
                    nothing()
                } else {
                    answer(200, &Value::Array(jobs))
                }
            }
            // No job is ever stopped, so a stop poll is held until the worker closes the connection.
            ["job-stop", _] => future::pending().await,
            ["job-stream", _, job] => {
                self.posted(job, &body, |mut body| Post::Item(body["output"].take()))
            }
            ["job-done", _, job] => self.posted(job, &body, |mut body| {
                if body["status"] == "IN_PROGRESS" {
                    Post::Progress(body["output"].take())
                } else {
                    Post::Result(body)
                }
            }),
            ["ping", _] => {
                if query.contains("status=unhealthy") {
                    self.pings().push(query.to_owned());
                }
                answer(200, &Value::Null)
            }
            _ => answer(404, &Value::Null),
        }
    }

    /// Waits for jobs, and returns between one and `wanted` of them. Returns an empty list once the endpoint is closed.
    async fn take(&self, wanted: usize) -> Vec<Value> {
        loop {
            // Created before the queue is read, so that a change between the reading and the wait below also wakes
            // this task.
            let change = self.change.notified();
            {
                let mut queue = self.queue();
                if !queue.is_empty() || self.closed.load(Ordering::SeqCst) {
                    let count = wanted.min(queue.len());
                    return queue.drain(..count).collect();
                }
            }
            change.await;
        }
    }

    fn posted(
        &self,
        job: &str,
        body: &[u8],
        post: impl FnOnce(Value) -> Post,
    ) -> io::Result<Response<Full<Bytes>>> {
        let Ok(body) = serde_json::from_slice(body) else {
            return answer(400, &Value::Null);
        };
        // The test may end while the worker still posts.
        let _ = self.posts.send((job.to_owned(), post(body)));
        answer(200, &Value::Null)
    }

    fn pings(&self) -> MutexGuard<'_, Vec<String>> {
        self.unhealthy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Value>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(status: u16, body: &Value) -> io::Result<Response<Full<Bytes>>> {
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json");
    response
        .body(Full::from(body.to_string()))
        .map_err(io::Error::other)
}

fn nothing() -> io::Result<Response<Full<Bytes>>> {
    Response::builder()
        .status(204)
        .body(Full::default())
        .map_err(io::Error::other)
}
