//! The extent of a run.

/// How much of the suite a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything, but only short forms of the slow parts.
    Short,
    /// Everything in full.
    Long,
}
