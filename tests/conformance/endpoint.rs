//! A Runpod endpoint as a worker sees it: real HTTP on a loopback port. It answers according to a script and records
//! everything.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::record::{Kind, Log, Request, When};
use crate::script::{Answer, Case, Step};

/// A running endpoint. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    script: Arc<Script>,
    server: AbortHandle,
}

#[derive(Debug)]
struct Script {
    log: watch::Sender<Log>,
    takes: AsyncMutex<VecDeque<Step>>,
    stops: AsyncMutex<VecDeque<Step>>,
    posts: Mutex<HashMap<&'static str, VecDeque<Answer>>>,
}

impl Endpoint {
    pub(crate) async fn start(case: &Case) -> io::Result<Self> {
        let script = Arc::new(Script {
            log: watch::Sender::default(),
            takes: AsyncMutex::new(case.takes.iter().cloned().collect()),
            stops: AsyncMutex::new(case.stops.iter().cloned().collect()),
            posts: Mutex::new(
                case.posts
                    .iter()
                    .map(|(job, answers)| (*job, answers.iter().cloned().collect()))
                    .collect(),
            ),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(accept(listener, Arc::clone(&script))).abort_handle();
        Ok(Self {
            address,
            script,
            server,
        })
    }

    /// Waits until the condition holds.
    pub(crate) async fn wait(&self, when: &When) {
        self.script.wait(|log| when.holds(log)).await;
    }

    /// Releases every poll that is held.
    pub(crate) fn end(&self) {
        self.script.log.send_modify(|log| log.over = true);
    }

    pub(crate) fn log(&self) -> Log {
        self.script.log.borrow().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>) -> io::Result<Infallible> {
    // When this task ends, this set is dropped, which closes every connection.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let script = Arc::clone(&script);
        let service = service_fn(move |request| Arc::clone(&script).serve(request));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Script {
    async fn wait(&self, condition: impl FnMut(&Log) -> bool) {
        let mut log = self.log.subscribe();
        let held = log.wait_for(condition).await;
        held.expect("the sender lives as long as the script");
    }

    /// Records the request and answers it. An error closes the connection.
    async fn serve(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?;
        let headers = head.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let request = Request::new(
            head.method.to_string(),
            head.uri.path().to_owned(),
            head.uri.query().unwrap_or_default().to_owned(),
            headers.collect(),
            body.to_bytes().to_vec(),
        );
        let (kind, job) = (request.kind, request.job.clone());
        let index = self.record(request);
        let answer = match kind {
            Kind::Take => self.next(&self.takes).await,
            Kind::Stop => self.next(&self.stops).await,
            Kind::Stream | Kind::Progress | Kind::Result => self.answer_post(job.as_deref()),
            Kind::Ping => Answer::status(200),
            Kind::Unknown => Answer::status(404),
        };
        self.log
            .send_modify(|log| log.requests[index].answered = Some(answer.status));
        if answer.status == 0 {
            return Err(io::Error::other("the script closes this connection"));
        }
        let mut response = Response::builder()
            .status(answer.status)
            .header(CONTENT_TYPE, answer.content_type);
        if let Some(encoding) = answer.encoding {
            response = response.header(CONTENT_ENCODING, encoding);
        }
        response
            .body(Full::from(answer.body))
            .map_err(io::Error::other)
    }

    fn record(&self, request: Request) -> usize {
        let mut index = 0;
        self.log.send_modify(|log| {
            index = log.requests.len();
            log.requests.push(request);
        });
        index
    }

    /// Returns the next answer in a script of polls and holds it until it is due. After the last one, holds the poll
    /// until the run is over.
    async fn next(&self, steps: &AsyncMutex<VecDeque<Step>>) -> Answer {
        // The lock is held during the wait, so that a second poll at the same time gets the next step.
        let mut steps = steps.lock().await;
        if let Some(step) = steps.front() {
            let due = |log: &Log| step.when.as_ref().is_none_or(|when| when.holds(log));
            self.wait(|log| log.over || due(log)).await;
            if due(&self.log.borrow()) {
                let step = steps.pop_front().expect("the queue has a front");
                return step.answer;
            }
        }
        drop(steps);
        self.wait(|log| log.over).await;
        Answer::status(204)
    }

    fn answer_post(&self, job: Option<&str>) -> Answer {
        let mut posts = self.posts.lock().expect("nothing panics while holding it");
        let answers = job.and_then(|job| posts.get_mut(job));
        let answer = answers.and_then(VecDeque::pop_front);
        answer.unwrap_or_else(|| Answer::status(200))
    }
}
