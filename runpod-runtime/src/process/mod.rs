//! Threads (which the system may refuse), panics and signals. This module knows nothing about jobs.

pub(crate) mod panics;
pub(crate) mod signals;
pub(crate) mod threads;
