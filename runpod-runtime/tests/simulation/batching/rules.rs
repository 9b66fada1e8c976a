//! The rules that are compared.

mod bentoml;
mod ours;
mod threshold;
mod window;

use std::time::Duration;

pub(crate) use bentoml::BentoMl;
pub(crate) use ours::Ours;
pub(crate) use threshold::Threshold;
pub(crate) use window::Window;

/// A rule that decides when a call starts, and with which jobs.
pub(crate) trait Rule {
    fn arrived(&mut self, job: usize, now: Duration);
    fn finished(&mut self, jobs: usize, now: Duration);
    /// Decides whether to start a call. `last` says that no more jobs will arrive.
    fn decide(&mut self, busy: bool, last: bool, now: Duration) -> Decision;
}

pub(crate) enum Decision {
    Call(Vec<usize>),
    WaitUntil(Duration),
    Nothing,
}
