//! A worker's machine, on which jobs that run at once slow each other down.

/// How fast jobs run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Machine {
    /// Up to this many jobs do not slow each other down. More jobs share the machine.
    Knee(f64),
    /// Jobs never slow each other down.
    NoKnee,
    /// With more jobs, all jobs become 20 times slower, as if the memory was swapped out.
    Cliff(f64),
    /// Each job slows the others down. With this many jobs, each one needs twice its time.
    Soft(f64),
}

impl Machine {
    /// Returns the work that each job gets done per second if this many jobs run.
    pub(crate) fn speed(self, jobs: usize) -> f64 {
        let jobs = jobs.max(1) as f64;
        match self {
            Self::Knee(knee) => (knee / jobs).min(1.0),
            Self::Cliff(knee) if jobs > knee => (knee / jobs).min(1.0) / 20.0,
            Self::NoKnee | Self::Cliff(_) => 1.0,
            Self::Soft(half) => half / (half + jobs - 1.0),
        }
    }
}
