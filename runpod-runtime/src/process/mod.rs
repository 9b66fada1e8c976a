//! What the process gets from the system: threads, which may be refused, panics and signals. Nothing in here knows of jobs.

pub(crate) mod panics;
pub(crate) mod signals;
pub(crate) mod threads;
