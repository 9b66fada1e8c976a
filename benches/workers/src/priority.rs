//! A high priority for endpoint and workers, on a machine with other work.

use std::fs;
use std::path::Path;

use rustix::process::setpriority_process;

use crate::Outcome;

/// As `nice` counts.
const URGENT: i32 = -15;
/// Where the kernel schedules sessions as groups, a priority counts within a session only, and the session has one of its own.
const SESSION: &str = "/proc/self/autogroup";

/// The session of this process goes first until this is dropped.
#[derive(Debug)]
pub(crate) struct Urgent(());

impl Urgent {
    pub(crate) fn raised() -> Outcome<Self> {
        let refused = |error| format!("--urgent: the priority could not be raised: {error}");
        // Processes that are started later inherit it.
        setpriority_process(None, URGENT).map_err(|error| refused(error.into()))?;
        let raised = Self(());
        if Path::new(SESSION).exists() {
            fs::write(SESSION, URGENT.to_string()).map_err(refused)?;
        }
        Ok(raised)
    }
}

impl Drop for Urgent {
    fn drop(&mut self) {
        // The session may be a shell's, with other commands after this one.
        let _ = fs::write(SESSION, "0");
    }
}
