//! The lowest and the highest limit.

/// The limits between which the controller chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// At least 1.
    pub(crate) min: usize,
    /// At least `min`.
    pub(crate) max: usize,
}

impl Bounds {
    /// The highest limit, unless the user sets another one or batches need more. The platform accepts inputs of up to
    /// 20 MB, so the inputs of this many jobs can need 1.3 GB.
    pub(crate) const DEFAULT_MAX: usize = 64;

    pub(crate) fn clamp(self, limit: usize) -> usize {
        limit.clamp(self.min, self.max)
    }
}
