//! Ctrl-C and SIGTERM. Both cancel the job.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::code;

#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Interrupt,
    Terminate,
    /// The reader of stdout has gone. In Rust, this is an error and not a signal.
    ReaderGone,
}

impl Signals {
    /// Starts listening. From now on these signals no longer kill the process.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
        }
    }
}

impl Stop {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Interrupt => code::INTERRUPTED,
            Self::Terminate => code::TERMINATED,
            Self::ReaderGone => code::READER_GONE,
        }
    }
}
