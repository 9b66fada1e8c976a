//! The health of the worker, as the load balancer sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The health of the worker. It only moves down this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Health {
    /// The state is being created. The load balancer counts this time as the cold start.
    Loading,
    Ready,
    /// The worker finishes its requests and takes no more.
    Draining,
    Unhealthy,
}

impl Health {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// The worker's health, shared by the server and the worker.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicU8>);

impl Readiness {
    pub(crate) fn current(&self) -> Health {
        match self.0.load(Ordering::Acquire) {
            0 => Health::Loading,
            1 => Health::Ready,
            2 => Health::Draining,
            _ => Health::Unhealthy,
        }
    }

    pub(crate) fn ready(&self) {
        self.at_least(Health::Ready);
    }

    pub(crate) fn draining(&self) {
        self.at_least(Health::Draining);
    }

    pub(crate) fn unhealthy(&self) {
        self.at_least(Health::Unhealthy);
    }

    fn at_least(&self, health: Health) {
        self.0.fetch_max(health as u8, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_drains_is_never_ready_again() {
        let readiness = Readiness::default();
        assert_eq!(readiness.current(), Health::Loading);
        readiness.ready();
        assert_eq!(readiness.current(), Health::Ready);
        readiness.draining();
        readiness.ready();
        assert_eq!(readiness.current(), Health::Draining);
        readiness.unhealthy();
        readiness.draining();
        assert_eq!(readiness.current(), Health::Unhealthy);
    }
}
