//! Raises the priority of the endpoint and the workers, for a machine on which other programs run.

use std::fs;
use std::path::Path;

use rustix::process::setpriority_process;

use crate::Outcome;

/// The nice value.
const URGENT: i32 = -15;
/// The nice value of the session. If the kernel groups processes by session, a process's priority counts only within
/// its session, and the session has a priority of its own.
const SESSION: &str = "/proc/self/autogroup";

/// Gives the session of this process a high priority until it is dropped.
#[derive(Debug)]
pub(crate) struct Urgent(());

impl Urgent {
    pub(crate) fn raised() -> Outcome<Self> {
        let refused =
            |error| format!("--urgent: cannot raise the priority (only root may): {error}");
        // Processes that start later inherit the priority.
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
        // The session may belong to a shell, which runs other commands after this one.
        let _ = fs::write(SESSION, "0");
    }
}
