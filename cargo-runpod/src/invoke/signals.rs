//! Ctrl-C and SIGTERM, which cancel the job.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::code;

#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Interrupt,
    Terminate,
    /// Not a signal in Rust: whoever reads stdout has gone.
    ReaderGone,
}

impl Signals {
    /// From now on they do not end the process.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(super) async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
        }
    }
}

impl Stop {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Interrupt => code::INTERRUPTED,
            Self::Terminate => code::TERMINATED,
            Self::ReaderGone => code::READER_GONE,
        }
    }
}
