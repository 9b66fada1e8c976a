//! The requests of a worker that serves its handlers: the health check, the handlers, the `OpenAPI` document, and the
//! user's own routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use http_body::Body as _;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tower_service::Service as _;

use super::accept::Form;
use super::answer::{ErrorAnswer, Outcome, json_response, part};
use super::catalogue::{Catalogue, Target};
use super::events::Events;
use super::health::{Health, Readiness};
use super::openapi;
use super::request_body::{discard, read_input};
use super::request_id::{self, REQUEST_ID};
#[cfg(feature = "otel")]
use super::request_trace;
use super::requests::{NewRequest, Open, Refused, Requests, Sent};

pub(super) const OPENAPI: &str = "/openapi.json";

/// How long a request waits at least. A worker with a free slot takes a request immediately, but on a busy machine, its
/// thread may run only after a moment.
const SHORTEST_WAIT: Duration = Duration::from_millis(250);
/// How many bytes the items of a stream may have that is answered as one JSON list.
const LARGEST_LIST: usize = 64 << 20;

/// The user's routes, and the runtime of handlers, on which they run. They may block its threads, but not the server's.
#[derive(Debug, Clone)]
pub(crate) struct UserRoutes {
    pub(crate) router: Router,
    pub(crate) handlers: Handle,
}

/// The user's routes as far as they are known.
#[derive(Debug, Clone)]
pub(crate) enum Routes {
    /// There are none.
    None,
    /// They need the worker's state, which is still being created.
    Later,
    Known(UserRoutes),
    /// The worker answers no more requests.
    Closed,
}

/// Answers requests to the handlers.
#[derive(Debug)]
pub(super) struct HandlerRoutes {
    requests: Arc<Requests>,
    readiness: Readiness,
    catalogue: Catalogue,
    openapi: Bytes,
    /// How long a request may wait for a slot.
    wait: Duration,
    user: watch::Receiver<Routes>,
}

impl HandlerRoutes {
    pub(super) fn new(
        requests: Arc<Requests>,
        readiness: Readiness,
        catalogue: Catalogue,
        wait: Duration,
        user: watch::Receiver<Routes>,
    ) -> Self {
        Self {
            requests,
            readiness,
            openapi: openapi::document(&catalogue).to_string().into(),
            catalogue,
            wait,
            user,
        }
    }

    pub(super) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path();
        #[cfg(feature = "openai")]
        if self.catalogue.is_openai_route(request.method(), path) {
            return self.call_openai(request).await;
        }
        let target = self.catalogue.find(path);
        if request.method() == Method::POST
            && let Some(target) = target
        {
            return self.call(target, request).await;
        }
        if request.method() == Method::GET && path == OPENAPI {
            return json_response(StatusCode::OK, self.openapi.clone());
        }
        if matches!(*self.user.borrow(), Routes::None) {
            return self.nothing_there(target, request).await;
        }
        let path = path.to_owned();
        let response = self.call_user(request).await;
        // axum answers like this if no route fits. The user's own handlers answer with something.
        let is_unknown = response.status() == StatusCode::NOT_FOUND
            && response.body().size_hint().exact() == Some(0);
        if is_unknown {
            self.unknown(target.as_ref(), &path)
        } else {
            response
        }
    }

    /// Answers a request that leads nowhere.
    async fn nothing_there(
        &self,
        target: Option<Target>,
        request: Request<Body>,
    ) -> Response<Body> {
        let (parts, mut body) = request.into_parts();
        discard(&parts.headers, &mut body).await;
        self.unknown(target.as_ref(), parts.uri.path())
    }

    fn unknown(&self, target: Option<&Target>, path: &str) -> Response<Body> {
        let error = match target {
            None => ErrorAnswer::new(
                StatusCode::NOT_FOUND,
                "NotFound",
                self.catalogue.unknown(path),
            ),
            Some(_) => ErrorAnswer::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "a handler is called with POST: send its input as the body",
            ),
        };
        let is_handler = error.status == StatusCode::METHOD_NOT_ALLOWED;
        let mut response = error.into_response();
        if is_handler {
            let allowed = HeaderValue::from_static("POST");
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }

    async fn call(&self, target: Target, request: Request<Body>) -> Response<Body> {
        let (parts, mut body) = request.into_parts();
        let id = request_id::of(&parts.headers);
        let shown_id = HeaderValue::from_str(&id);
        let mut response = match self.run(target, id, &parts.headers, &mut body).await {
            Ok(response) => response,
            Err(error) => {
                discard(&parts.headers, &mut body).await;
                error.into_response()
            }
        };
        if let Ok(id) = shown_id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    async fn run(
        &self,
        target: Target,
        id: String,
        headers: &HeaderMap,
        body: &mut Body,
    ) -> Result<Response<Body>, ErrorAnswer> {
        let form = Form::asked_for(headers);
        let request = NewRequest {
            id,
            handler: match target {
                Target::Root => None,
                Target::Handler(name) => Some(name),
            },
            input: read_input(headers, body).await?,
            wants_progress: form != Form::Json,
            #[cfg(feature = "otel")]
            trace: request_trace::of(headers),
        };
        let open = self.enter(request)?;
        let (open, first) = self.first(open).await?;
        match form {
            Form::Json => whole(open, first).await,
            form => Self::shown_live(open, form, first),
        }
    }

    /// Hands a request to the worker.
    pub(super) fn enter(&self, request: NewRequest) -> Result<Open, ErrorAnswer> {
        self.requests
            .enter(request)
            .map_err(|refused| self.refusal(refused))
    }

    /// Waits for the first part of the output, and returns the request together with it. If there is none after the
    /// longest wait for a slot, although the job runs, the second value is `None`.
    pub(super) async fn first(&self, mut open: Open) -> Result<(Open, Option<Sent>), ErrorAnswer> {
        match timeout(self.wait.max(SHORTEST_WAIT), open.next()).await {
            Ok(Some(first)) => Ok((open, Some(first))),
            Ok(None) => Err(open.closed_answer()),
            Err(_) if open.withdraw() => Err(self.refusal(Refused::Full)),
            Err(_) => Ok((open, None)),
        }
    }

    fn shown_live(
        open: Open,
        form: Form,
        first: Option<Sent>,
    ) -> Result<Response<Body>, ErrorAnswer> {
        // A job that fails before it has sent anything gets its true status.
        if let Some(Sent::Result { body, .. }) = &first
            && let Outcome::Failed(error) = Outcome::of(body)
        {
            return Err(error);
        }
        let mut response = Response::new(Body::new(Events::new(open, form, first)));
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static(form.content_type());
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }

    /// Describes why a request did not get a slot.
    fn refusal(&self, refused: Refused) -> ErrorAnswer {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match (refused, self.readiness.current()) {
            (Refused::Closing, _) => self.requests.closed_answer(),
            (Refused::Full, Health::Loading) => {
                let message = "the worker is still loading: send the request again";
                ErrorAnswer::new(unavailable, "Loading", message).retry_after(5)
            }
            (Refused::Full, _) => {
                let message = "all slots of the worker are in use: send the request again";
                ErrorAnswer::new(unavailable, "Busy", message).retry_after(1)
            }
        }
    }

    /// Calls the user's routes on the threads of handlers.
    async fn call_user(&self, request: Request<Body>) -> Response<Body> {
        let mut known = self.user.clone();
        let waiting = known.wait_for(|routes| !matches!(routes, Routes::Later));
        let routes = match timeout(self.wait, waiting).await {
            Ok(Ok(routes)) => routes.clone(),
            Ok(Err(_)) | Err(_) => Routes::Later,
        };
        let why = match routes {
            Routes::Known(routes) => return run_user(routes, request).await,
            Routes::Later => Refused::Full,
            Routes::None | Routes::Closed => Refused::Closing,
        };
        refused(self.refusal(why), request).await
    }
}

async fn run_user(routes: UserRoutes, request: Request<Body>) -> Response<Body> {
    let UserRoutes {
        mut router,
        handlers,
    } = routes;
    // If the client disconnects, this future is dropped, and the task with it.
    let task = AbortOnDropHandle::new(handlers.spawn(async move {
        // A router is always ready and never fails.
        let Ok(response) = router.call(request).await;
        response
    }));
    task.await.unwrap_or_else(|_| {
        let message = "the route's handler panicked";
        ErrorAnswer::new(StatusCode::INTERNAL_SERVER_ERROR, "panic", message).into_response()
    })
}

async fn refused(error: ErrorAnswer, request: Request<Body>) -> Response<Body> {
    let (parts, mut body) = request.into_parts();
    discard(&parts.headers, &mut body).await;
    error.into_response()
}

/// Waits for the result, and answers with one JSON document: the value, or a list of the items.
async fn whole(mut open: Open, mut first: Option<Sent>) -> Result<Response<Body>, ErrorAnswer> {
    let mut items = Vec::new();
    loop {
        let sent = match first.take() {
            Some(first) => Some(first),
            None => open.next().await,
        };
        match sent {
            Some(Sent::Item(body)) => {
                items.push(if items.is_empty() { b'[' } else { b',' });
                items.extend_from_slice(&part(&body, "output"));
                if items.len() > LARGEST_LIST {
                    return Err(ErrorAnswer::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "ResponseTooLarge",
                        format!(
                            "the items have more than {LARGEST_LIST} bytes together: ask for a stream with \
                             `Accept: text/event-stream` or `application/x-ndjson`"
                        ),
                    ));
                }
            }
            Some(Sent::Progress(_)) => {}
            Some(Sent::Result { body, streaming }) => {
                return match Outcome::of(&body) {
                    Outcome::Failed(error) => Err(error),
                    Outcome::Value(_) if streaming => {
                        items.extend_from_slice(if items.is_empty() { b"[]" } else { b"]" });
                        Ok(json_response(StatusCode::OK, items))
                    }
                    Outcome::Value(value) => Ok(json_response(StatusCode::OK, value)),
                };
            }
            None => return Err(open.closed_answer()),
        }
    }
}
