//! Threads (which the system may refuse), panics, signals, orphaned processes, the exit, and the connection to `cargo runpod dev`.
//! This module knows nothing about jobs.

#[cfg(unix)]
pub(crate) mod dev_link;
#[cfg(not(unix))]
#[path = "dev_link_off.rs"]
pub(crate) mod dev_link;
pub(crate) mod exit;
pub(crate) mod orphans;
pub(crate) mod panics;
pub(crate) mod signals;
pub(crate) mod threads;
