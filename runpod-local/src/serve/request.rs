//! The way of one request: who asks, how often, which fault it meets, and then its route.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::Service;
use tower_service::Service as _;

use super::error_shape;
use super::guard::Guard;
use super::operation::Operation;
use super::rates::Rates;
use super::socket::Reset;
use crate::faults::{Effect, Injection, malformed};

/// What all requests go through.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) guard: Guard,
    pub(super) rates: Option<Rates>,
    pub(super) faults: Arc<Injection>,
    pub(super) router: Router,
}

/// The connection is to be reset in place of an answer.
#[derive(Debug, thiserror::Error)]
#[error("reset on purpose")]
pub(super) struct ResetOnPurpose;

impl Way {
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
        // The router is always ready, and has no error.
        let Ok(response) = self.router.clone().call(request).await;
        error_shape::as_json(response)
    }
}

/// The requests of one connection.
#[derive(Debug)]
pub(super) struct Requests {
    way: Arc<Way>,
    reset: Reset,
}

impl Requests {
    pub(super) fn new(way: Arc<Way>, reset: Reset) -> Self {
        Self { way, reset }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Body>;
    type Error = ResetOnPurpose;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let way = Arc::clone(&self.way);
        let reset = self.reset.clone();
        Box::pin(async move {
            let answered = way.answer(request).await;
            if answered.is_err() {
                reset.order();
            }
            answered
        })
    }
}
