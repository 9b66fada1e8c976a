//! The extent of a run.

/// How much of the suite a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All parts, with short forms of the slow ones.
    Short,
    /// All parts in full.
    Long,
}
