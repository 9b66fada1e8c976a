//! Answers each request, with the fault that was chosen for it.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use hyper::{Request, Response};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::connection::{Body, Broken, Fate, Raw, Wire};
use crate::endpoint::{Shared, State};
use crate::fault::Fault;
use crate::jobs::Job;
use crate::ledger::{Ledger, Outcome};
use crate::route::{Asked, Route};

/// The pause between two pieces of a slow body.
const DROPS: Duration = Duration::from_millis(5);

type Answered = Result<Response<Full<Bytes>>, Broken>;

/// A job-take request that is being answered. The request ends when this value is dropped, even if the worker has
/// gone away.
#[derive(Debug)]
pub(crate) struct Asking {
    shared: Arc<Shared>,
    worker: String,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.shared.change(|ledger| ledger.take_ended(&self.worker));
    }
}

impl Shared {
    /// Records the request and answers it.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        wire: Wire,
    ) -> Answered {
        let asked = Asked::read(request).await.map_err(|_| Broken)?;
        let fault = {
            let mut state = self.state();
            let State { ledger, weather } = &mut *state;
            let attempt = ledger.arrived(&asked);
            weather.befalls(&self.dice, asked.route, &asked.job, attempt, ledger.results)
        };
        match asked.route {
            Route::Take { want, .. } => {
                let asking = Asking {
                    shared: Arc::clone(&self),
                    worker: asked.worker,
                };
                self.announce();
                self.answer_take(want, fault, &wire, asking).await
            }
            Route::Stop => {
                self.announce();
                self.answer_stop(fault, &wire).await
            }
            Route::Item | Route::Progress | Route::Result => {
                self.answer_post(&asked, fault, &wire).await
            }
            Route::Gate => {
                self.announce();
                let is_open = |ledger: &Ledger| {
                    ledger.all_gates_open || ledger.open_gates.contains(&asked.job)
                };
                self.until(is_open).await;
                Ok(empty(200))
            }
            Route::Ping => {
                self.announce();
                self.answered(fault, &wire, None, "").await
            }
            Route::Barrier => Ok(empty(200)),
            Route::Unknown => Ok(empty(404)),
        }
    }

    async fn answer_take(
        &self,
        want: usize,
        fault: Option<Fault>,
        wire: &Wire,
        asking: Asking,
    ) -> Answered {
        let does_nothing = !matches!(
            fault,
            None | Some(Fault::Late(_) | Fault::SlowBody | Fault::Truncated | Fault::ResetAfter)
        );
        if does_nothing {
            return self.answered(fault, wire, Some(asking), "").await;
        }
        if let Some(Fault::Late(delay)) = fault {
            sleep(delay).await;
        }
        let has_jobs = self.until(|ledger| !ledger.queue.is_empty());
        if timeout(self.held, has_jobs).await.is_err() {
            return Ok(empty(204));
        }
        let jobs = self.change(|ledger| ledger.hand_out(want, &asking.worker));
        let body = match &jobs[..] {
            [] => return Ok(empty(204)),
            [job] if want == 1 => job.as_json(),
            jobs => jobs.iter().map(Job::as_json).collect::<Value>(),
        };
        let body = body.to_string();
        let fate = match fault {
            Some(Fault::ResetAfter) => {
                self.put_back(jobs);
                Fate::Reset
            }
            Some(Fault::SlowBody) => Fate::Raw(Raw {
                head: head(200, "application/json", body.len()),
                body: Body::Drops(body.into(), DROPS),
                jobs,
                asking: Some(asking),
            }),
            Some(Fault::Truncated) => Fate::Raw(Raw {
                head: head(200, "application/json", body.len()),
                body: Body::Cut(body.as_bytes()[..body.len() / 2].to_vec().into()),
                jobs,
                asking: Some(asking),
            }),
            _ => return Ok(full(200, "application/json", body)),
        };
        Err(wire.meets(fate))
    }

    async fn answer_stop(&self, fault: Option<Fault>, wire: &Wire) -> Answered {
        if fault.is_some() {
            return self.answered(fault, wire, None, "").await;
        }
        let has_stops = self.until(|ledger| !ledger.stops.is_empty());
        if timeout(self.held, has_stops).await.is_err() {
            return Ok(empty(204));
        }
        let ids = self.change(|ledger| {
            let ids = std::mem::take(&mut ledger.stops);
            for id in &ids {
                if let Some(entry) = ledger.entries.get_mut(id) {
                    entry.is_stopped = true;
                }
                ledger.settle(id);
            }
            ids
        });
        Ok(full(
            200,
            "application/json",
            json!({ "jobsToStop": ids }).to_string(),
        ))
    }

    async fn answer_post(&self, asked: &Asked, fault: Option<Fault>, wire: &Wire) -> Answered {
        let outcome = match fault {
            None => Outcome::Seen,
            Some(fault) if fault.is_acceptance_seen() => Outcome::Seen,
            Some(Fault::ResetAfter) => Outcome::Hidden,
            Some(_) => Outcome::Refused,
        };
        self.change(|ledger| {
            ledger.posted(asked, outcome);
            let Some(entry) = ledger.entries.get_mut(&asked.job) else {
                return;
            };
            if fault.is_some_and(Fault::is_refusal) {
                // The first refusal refuses the result, and the second one refuses the failed result that reports the
                // first refusal. The second refusal ends the job.
                let is_settled = entry.is_refused && asked.route == Route::Result;
                entry.is_disowned |= is_settled;
                entry.is_refused |= asked.route != Route::Progress;
                if is_settled {
                    ledger.settle(&asked.job);
                }
            } else if fault.is_some_and(Fault::is_disowning) && asked.route == Route::Result {
                entry.is_disowned = true;
                ledger.settle(&asked.job);
            }
        });
        self.answered(fault, wire, None, "{\"status\": \"ok\"}")
            .await
    }

    /// Answers a request. The fault determines whether the request was carried out.
    async fn answered(
        &self,
        fault: Option<Fault>,
        wire: &Wire,
        asking: Option<Asking>,
        body: &'static str,
    ) -> Answered {
        const JSON: &str = "application/json";
        let raw = |head, body| {
            Fate::Raw(Raw {
                head,
                body,
                jobs: Vec::new(),
                asking,
            })
        };
        let fate = match fault {
            None => return Ok(full(200, JSON, body)),
            Some(Fault::Status(status)) => return Ok(empty(status)),
            Some(Fault::RetryAfter(status, seconds)) => {
                let mut answer = empty(status);
                answer.headers_mut().insert(RETRY_AFTER, seconds.into());
                return Ok(answer);
            }
            Some(Fault::Redirect(status)) => {
                let mut answer = empty(status);
                let there = format!("http://{}/v2/elsewhere", self.elsewhere);
                if let Ok(there) = there.try_into() {
                    answer.headers_mut().insert(LOCATION, there);
                }
                return Ok(answer);
            }
            Some(Fault::Late(delay)) => {
                sleep(delay).await;
                return Ok(full(200, JSON, body));
            }
            Some(Fault::Body(content_type, body)) => return Ok(full(200, content_type, body)),
            Some(Fault::ResetBefore | Fault::ResetAfter) => Fate::Reset,
            Some(Fault::Close) => Fate::Close,
            Some(Fault::SlowBody) => {
                raw(head(200, JSON, body.len()), Body::Drops(body.into(), DROPS))
            }
            Some(Fault::Truncated) => {
                raw(head(200, JSON, body.len() + 100), Body::Cut(body.into()))
            }
            Some(Fault::Giant) => raw(head(200, JSON, 1 << 30), Body::flood_of(b"[")),
            Some(Fault::EndlessHeaders) => raw(
                "HTTP/1.1 200 OK\r\n".to_owned(),
                Body::flood_of(b"x-filler: as long as you like\r\n"),
            ),
            Some(Fault::Garbage) => raw(
                String::new(),
                Body::Cut(Bytes::from_static(b"\0\0this is not HTTP\r\n\r\n")),
            ),
        };
        Err(wire.meets(fate))
    }
}

fn head(status: u16, content_type: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} Any\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
}

fn empty(status: u16) -> Response<Full<Bytes>> {
    full(status, "text/plain", "")
}

fn full(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::builder().status(status);
    if !content_type.is_empty() {
        answer = answer.header(CONTENT_TYPE, content_type);
    }
    answer
        .body(Full::new(body.into()))
        .expect("the parts of the answer are valid")
}
