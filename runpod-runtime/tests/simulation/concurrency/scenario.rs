//! The jobs and the machine of a run.

use std::time::Duration;

use super::machine::Machine;
use crate::traffic::exponential;

/// How long jobs take on a machine without other jobs, in seconds. The mean is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lengths {
    /// ± 10%.
    Similar,
    /// Most jobs are short, and some are long. The standard deviation is twice the mean.
    Different,
}

impl Lengths {
    pub(crate) fn next(self, random: &mut fastrand::Rng) -> f64 {
        match self {
            Self::Similar => crate::traffic::jitter(random),
            // One job of ten is long.
            Self::Different if random.f64() < 0.1 => 5.8 * exponential(random).max(0.2),
            Self::Different => 0.1 + 0.3 * exponential(random),
        }
    }
}

/// A part of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// When the part ends.
    pub(crate) until: Duration,
    pub(crate) machine: Machine,
    /// Jobs per second. `None` means that jobs are always waiting.
    pub(crate) rate: Option<f64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// The best number of jobs at once, as far as there is one.
    pub(crate) knee: usize,
    pub(crate) lengths: Lengths,
    pub(crate) parts: Vec<Part>,
}

pub(crate) const MOST: usize = 64;
/// Long enough for every rule to settle.
pub(crate) const LENGTH: Duration = Duration::from_secs(2000);

impl Scenario {
    fn steady(
        name: impl Into<String>,
        knee: usize,
        machine: Machine,
        lengths: Lengths,
        rate: Option<f64>,
    ) -> Self {
        let part = Part {
            until: LENGTH,
            machine,
            rate,
        };
        Self {
            name: name.into(),
            knee,
            lengths,
            parts: vec![part],
        }
    }

    pub(crate) fn knee(knee: usize) -> Self {
        let machine = Machine::Knee(knee as f64);
        Self::steady(
            format!("knee {knee}"),
            knee,
            machine,
            Lengths::Similar,
            None,
        )
    }

    pub(crate) fn knee_with_different_jobs(knee: usize) -> Self {
        let machine = Machine::Knee(knee as f64);
        Self::steady(
            format!("knee {knee}, different jobs"),
            knee,
            machine,
            Lengths::Different,
            None,
        )
    }

    pub(crate) fn no_knee() -> Self {
        Self::steady("no knee", MOST, Machine::NoKnee, Lengths::Similar, None)
    }

    pub(crate) fn cliff(knee: usize) -> Self {
        let machine = Machine::Cliff(knee as f64);
        Self::steady(
            format!("cliff at {knee}"),
            knee,
            machine,
            Lengths::Similar,
            None,
        )
    }

    pub(crate) fn soft(half: usize) -> Self {
        let machine = Machine::Soft(half as f64);
        Self::steady("gradual", half, machine, Lengths::Similar, None)
    }

    /// Half of the jobs that the machine can process.
    pub(crate) fn half_load(knee: usize) -> Self {
        let machine = Machine::Knee(knee as f64);
        let rate = Some(0.5 * knee as f64);
        Self::steady(
            format!("knee {knee}, half load"),
            knee,
            machine,
            Lengths::Similar,
            rate,
        )
    }

    /// One job every ten seconds.
    pub(crate) fn few_jobs(knee: usize) -> Self {
        let machine = Machine::Knee(knee as f64);
        Self::steady(
            format!("knee {knee}, few jobs"),
            knee,
            machine,
            Lengths::Similar,
            Some(0.1),
        )
    }

    /// First few jobs, then too many, and then the machine becomes slower.
    pub(crate) fn changes(knee: usize, later: usize) -> Self {
        let part = |until, knee: usize, rate| Part {
            until: Duration::from_secs(until),
            machine: Machine::Knee(knee as f64),
            rate,
        };
        Self {
            name: format!("knee {knee}, later {later}"),
            knee: later,
            lengths: Lengths::Similar,
            parts: vec![
                part(300, knee, Some(1.0)),
                part(1000, knee, None),
                part(2000, later, None),
            ],
        }
    }
}
