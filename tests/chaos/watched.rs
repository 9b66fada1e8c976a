//! Inspects a process from outside.

use std::fs;

/// The resources of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Resident memory, in KiB.
    pub(crate) resident: u64,
    /// The highest resident memory so far, in KiB.
    pub(crate) peak: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
}

impl Held {
    /// Returns `None` if the process is gone or the system does not report its resources.
    pub(crate) fn by(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let number = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':')
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        };
        Some(Self {
            resident: number("VmRSS")?,
            peak: number("VmHWM")?,
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() as u64,
            threads: number("Threads")?,
        })
    }
}
