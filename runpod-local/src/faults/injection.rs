//! Injects faults while the endpoint runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, sleep};

use super::chance::{self, Draw};
use super::config::Faults;
use super::rule::Rule;
use crate::operation::Operation;
use crate::response::{self, ErrorResponse};

/// The current faults.
#[derive(Debug)]
pub(crate) struct Injection {
    /// Whether any faults are set. Usually there are none, so that no request takes the lock.
    any: AtomicBool,
    force: RwLock<Arc<ActiveFaults>>,
}

#[derive(Debug)]
struct ActiveFaults {
    faults: Faults,
    since: Instant,
    /// The number of requests so far for each operation.
    counts: [AtomicU64; Operation::ALL.len()],
}

/// The fault that happens to one request.
#[derive(Debug)]
pub(crate) struct InjectedFault {
    delay: Duration,
    pub(crate) effect: Effect,
}

/// The effect of a fault, apart from the delay.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// The request gets this answer and has no effect.
    Answer(ErrorResponse),
    /// The connection is reset. The request has no effect.
    ResetBefore,
    /// The request takes effect. Instead of sending the answer, the endpoint resets the connection.
    ResetAfter,
    /// The request takes effect, and the answer is cut off.
    Malformed,
}

impl Injection {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            any: AtomicBool::new(!faults.is_none()),
            force: RwLock::new(Arc::new(ActiveFaults::new(faults))),
        }
    }

    /// Replaces the faults. Counts and times start again.
    pub(super) fn set(&self, faults: Faults) {
        let any = !faults.is_none();
        let force = Arc::new(ActiveFaults::new(faults));
        *self.force.write().unwrap_or_else(PoisonError::into_inner) = force;
        self.any.store(any, Ordering::Release);
    }

    pub(super) fn faults(&self) -> Faults {
        self.in_force().faults.clone()
    }

    /// Returns the fault for the next request of `operation`, or `None` if nothing happens to it.
    pub(crate) fn meet(&self, operation: Operation) -> Option<InjectedFault> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.in_force().meet(operation)
    }

    fn in_force(&self) -> Arc<ActiveFaults> {
        Arc::clone(&self.force.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ActiveFaults {
    fn new(faults: Faults) -> Self {
        Self {
            faults,
            since: Instant::now(),
            counts: Default::default(),
        }
    }

    fn meet(&self, operation: Operation) -> Option<InjectedFault> {
        // Requests are counted during an outage too, so the outage's length does not change the faults after it.
        let count = self.counts[operation as usize].fetch_add(1, Ordering::Relaxed);
        let age = self.since.elapsed();
        let outage = self
            .faults
            .outages
            .iter()
            .find(|outage| outage.route.is(operation) && outage.is_on(age));
        if let Some(outage) = outage {
            return Some(InjectedFault {
                delay: Duration::ZERO,
                effect: outage.status.map_or(Effect::ResetBefore, answered),
            });
        }
        let rule = self.faults.rules.iter().find(|it| it.route.is(operation))?;
        let draw = |what| chance::of(self.faults.seed, operation, count, what);
        Some(InjectedFault {
            delay: rule.delay(draw(Draw::Delay)),
            effect: rule.effect(operation, draw(Draw::Effect)),
        })
    }
}

impl Rule {
    fn delay(&self, draw: f64) -> Duration {
        let [least, most] = self.delay_ms.map(Duration::from_millis);
        least + most.saturating_sub(least).mul_f64(draw)
    }

    fn effect(&self, operation: Operation, draw: f64) -> Effect {
        let flashboot = if operation.takes_jobs() {
            self.flashboot
        } else {
            0.0
        };
        let mut end = 0.0;
        for (likelihood, effect) in [
            (self.error, answered as fn(StatusCode) -> Effect),
            (self.reset_before, |_| Effect::ResetBefore),
            (self.reset_after, |_| Effect::ResetAfter),
            (self.malformed, |_| Effect::Malformed),
            (flashboot, |_| answered(StatusCode::BAD_REQUEST)),
        ] {
            end += likelihood;
            if draw < end {
                return effect(self.status);
            }
        }
        Effect::None
    }
}

impl InjectedFault {
    pub(crate) async fn wait(&self) {
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
    }
}

fn answered(status: StatusCode) -> Effect {
    Effect::Answer(ErrorResponse::new(
        status,
        "this error was injected on purpose; /local/faults shows the rules",
    ))
}

/// Returns the answer without the second half of its JSON.
pub(crate) async fn malformed(response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let whole = body.to_bytes();
    let half = whole.slice(..whole.len() / 2);
    // Half of a number would be a number again, and an empty body may be a valid answer, so neither would be
    // malformed.
    let half = match half.first() {
        Some(b'{' | b'[' | b'"') => half,
        _ => "{".into(),
    };
    let status = match parts.status {
        StatusCode::NO_CONTENT => StatusCode::OK,
        status => status,
    };
    let mut response = response::json(status, half);
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_LENGTH | header::CONTENT_TYPE) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

#[cfg(test)]
#[path = "injection_tests.rs"]
mod injection_tests;
