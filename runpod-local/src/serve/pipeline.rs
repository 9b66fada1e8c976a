//! The steps for each request: the guard, the rate limits, an injected fault, and then the router.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::Service;
use tower_service::Service as _;

use super::guard::Guard;
use super::kind::Kind;
use super::rates::Rates;
use super::socket::Reset;
use super::tunnel::Tunnel;
use crate::faults::{Effect, Injection, malformed};
use crate::operation::Operation;
use crate::response::ErrorResponse;

/// The steps that all requests go through.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) kind: Kind,
    pub(super) guard: Guard,
    pub(super) rates: Option<Rates>,
    pub(super) faults: Arc<Injection>,
    pub(super) router: Router,
}

/// The error with which the connection is reset instead of answered.
#[derive(Debug, thiserror::Error)]
#[error("reset on purpose")]
pub(super) struct ResetOnPurpose;

impl Pipeline {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, ResetOnPurpose> {
        let origin = match self.guard.origin(&request) {
            Ok(origin) => origin,
            Err(refusal) => return Ok(refusal.into_response()),
        };
        if let Some(answer) = origin.as_ref().and_then(|it| it.preflight(&request)) {
            return Ok(answer);
        }
        let mut response = match self.guard.key(&request) {
            Ok(()) => self.admitted(request).await?,
            Err(refusal) => refusal.into_response(),
        };
        if let Some(origin) = origin {
            origin.mark(&mut response);
        }
        Ok(response)
    }

    async fn admitted(&self, request: Request<Incoming>) -> Result<Response<Body>, ResetOnPurpose> {
        if self.kind == Kind::Balancer {
            return Ok(self.route(request).await);
        }
        let operation = Operation::of_path(request.uri().path());
        let _turn = match (&self.rates, operation) {
            (Some(rates), Some(operation)) => match rates.admit(operation) {
                Ok(turn) => turn,
                Err(refusal) => return Ok(refusal.into_response()),
            },
            _ => None,
        };
        match operation.and_then(|operation| self.faults.meet(operation)) {
            None => Ok(self.route(request).await),
            Some(fault) => {
                fault.wait().await;
                match fault.effect {
                    Effect::None => Ok(self.route(request).await),
                    Effect::Answer(refusal) => Ok(refusal.into_response()),
                    Effect::ResetBefore => Err(ResetOnPurpose),
                    Effect::ResetAfter => {
                        self.route(request).await;
                        Err(ResetOnPurpose)
                    }
                    Effect::Malformed => Ok(malformed(self.route(request).await).await),
                }
            }
        }
    }

    async fn route(&self, request: Request<Incoming>) -> Response<Body> {
        // The router is always ready and never fails.
        let Ok(response) = self.router.clone().call(request).await;
        match self.kind {
            Kind::Queue => with_json_error(response),
            Kind::Balancer => response,
        }
    }
}

/// Turns an error that is not JSON into our format. Keeps the header `Allow`.
fn with_json_error(response: Response<Body>) -> Response<Body> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_json(&response) {
        return response;
    }
    let mut shaped = ErrorResponse::new(status, error_text(status)).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        shaped.headers_mut().insert(header::ALLOW, allow.clone());
    }
    shaped
}

fn is_json(response: &Response<Body>) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

fn error_text(status: StatusCode) -> String {
    match status {
        StatusCode::NOT_FOUND => {
            "this path does not exist; /openapi.json lists all paths".to_owned()
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            "this path does not allow this method; the header Allow lists the allowed methods"
                .to_owned()
        }
        _ => status
            .canonical_reason()
            .unwrap_or("an error")
            .to_lowercase(),
    }
}

/// Serves the requests of one connection.
pub(super) struct ConnectionService {
    pipeline: Arc<Pipeline>,
    reset: Reset,
    switched: Switched,
}

/// The tunnel that a connection becomes after its last response, if there is one.
#[derive(Clone, Default)]
pub(super) struct Switched(Arc<Mutex<Option<Tunnel>>>);

impl Switched {
    pub(super) fn take(&self) -> Option<Tunnel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, tunnel: Option<Tunnel>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tunnel;
    }
}

impl ConnectionService {
    pub(super) fn new(pipeline: Arc<Pipeline>, reset: Reset, switched: Switched) -> Self {
        Self {
            pipeline,
            reset,
            switched,
        }
    }
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<Body>;
    type Error = ResetOnPurpose;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let pipeline = Arc::clone(&self.pipeline);
        let reset = self.reset.clone();
        let switched = self.switched.clone();
        Box::pin(async move {
            let mut answered = pipeline.answer(request).await;
            match &mut answered {
                Ok(response) => switched.set(response.extensions_mut().remove()),
                Err(ResetOnPurpose) => reset.order(),
            }
            answered
        })
    }
}
