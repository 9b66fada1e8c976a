//! A command on a pseudo-terminal.

use std::process::Command;
use std::time::Duration;

use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

use crate::command::PATIENCE;

pub(crate) struct Terminal(pub(crate) PtySession);

impl Terminal {
    pub(crate) fn start(command: Command) -> Self {
        Self::with_patience(command, PATIENCE)
    }

    /// Starts a command whose output may take that long.
    pub(crate) fn with_patience(mut command: Command, patience: Duration) -> Self {
        command.env("TERM", "xterm-256color");
        let patience = u64::try_from(patience.as_millis()).unwrap();
        let options = Options::new().timeout_ms(Some(patience));
        Self(spawn_with_options(command, options).expect("there is a terminal"))
    }

    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        if let Err(error) = self.0.exp_string(text) {
            panic!("{text:?} is not shown: {error}");
        }
    }

    #[track_caller]
    pub(crate) fn ends(mut self, code: i32) -> String {
        let rest = self.0.exp_eof().expect("it ends");
        let status = self.0.process().wait().expect("it can be waited for");
        // The type has no name outside of the crate.
        let status = format!("{status:?}");
        assert!(status.ends_with(&format!(", {code})")), "{status}: {rest}");
        rest
    }
}
