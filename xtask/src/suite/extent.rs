//! How much of the suite a command runs.

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything, with short forms of what is slow by nature.
    Short,
    /// All of that in full.
    Long,
}
