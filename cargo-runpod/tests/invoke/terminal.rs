//! The output in a terminal.

use std::process::Command;

use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

use crate::command::at;
use crate::stage::{KEY, PATIENCE, Stage};

pub(crate) struct Terminal(PtySession);

impl Terminal {
    fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let mut command = at(stage);
        command.args(arguments);
        Self::of(command)
    }

    pub(crate) fn of(mut command: Command) -> Self {
        command
            .env("TERM", "xterm-256color")
            .env("RUNPOD_LOCAL_API_KEY", KEY);
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap();
        let options = Options::new().timeout_ms(Some(patience));
        Self(spawn_with_options(command, options).expect("there is a terminal"))
    }

    /// Waits for this text and returns everything before it.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> String {
        match self.0.exp_string(text) {
            Ok(before) => before,
            Err(error) => panic!("{text:?} is not shown: {error}"),
        }
    }

    pub(crate) fn types(&mut self, line: &str) {
        self.0.send_line(line).expect("it reads");
    }

    #[track_caller]
    pub(crate) fn ends(mut self, code: i32) -> String {
        let rest = self.0.exp_eof().expect("the command exits");
        let status = self.0.process().wait().expect("the process exits");
        // The type of the status cannot be named outside its crate.
        let status = format!("{status:?}");
        assert!(status.starts_with("Exited("), "{status}: {rest}");
        assert!(status.ends_with(&format!(", {code})")), "{status}: {rest}");
        assert!(!rest.contains(KEY));
        rest
    }
}

#[test]
fn a_bar_grows_with_the_share_that_is_done() {
    let mut stage = Stage::with("peer:async");
    let plan = r#"{"progress": [{"step": 1, "of": 4}, {"current": 57, "total": 100}], "do": "return", "value": "done"}"#;
    let mut terminal = Terminal::start(&stage, &[plan]);
    terminal.sees("25%");
    terminal.sees("1 of 4");
    stage.go_on();
    // The local endpoint's page also shows this update as a bar.
    terminal.sees("57%");
    terminal.sees("57 of 100");
    stage.go_on();
    terminal.sees("done\r\n");
    let rest = terminal.ends(0);
    assert!(rest.contains("COMPLETED in "), "{rest}");
}

#[test]
fn a_spinner_shows_the_state_and_updates_of_any_other_kind() {
    let mut stage = Stage::with("peer:async");
    let plan = r#"{"wait": true, "progress": ["loading\n\u001b[31mthe model"], "do": "return", "value": 1}"#;
    let mut terminal = Terminal::start(&stage, &[plan]);
    terminal.sees(r"loading \u{1b}[31mthe model");
    stage.go_on();
    stage.go_on();
    terminal.ends(0);

    let waiting = Stage::without_worker();
    let mut terminal = Terminal::start(&waiting, &["{}"]);
    terminal.sees("in queue");
    terminal.0.send_control('c').unwrap();
    terminal.ends(130);
}

#[test]
fn ctrl_c_cancels_the_running_job() {
    let stage = Stage::with("peer:async");
    let mut terminal = Terminal::start(&stage, &[r#"{"do": "hang"}"#]);
    terminal.sees("hanging");
    terminal.0.send_control('c').unwrap();
    terminal.sees("cancelling the job");
    terminal.sees("job ");
    let id = terminal.sees(" was cancelled");
    terminal.ends(130);
    let id = id.rsplit(' ').next().unwrap();
    assert_eq!(stage.get(&format!("/status/{id}"))["status"], "CANCELLED");
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_says_that_the_job_may_go_on() {
    let faults = r#"{"rules": [{"route": "cancel", "delay_ms": 300000}]}"#;
    let stage = Stage::with_faults(Some("peer:async"), faults);
    let mut terminal = Terminal::start(&stage, &[r#"{"do": "hang"}"#]);
    terminal.sees("hanging");
    terminal.0.send_control('c').unwrap();
    terminal.sees("cancelling the job");
    terminal.0.send_control('c').unwrap();
    terminal.sees("may continue");
    terminal.ends(130);
}

#[test]
fn what_a_job_writes_cannot_act_on_the_terminal() {
    let stage = Stage::with("peer:async");
    let plan = r#"{"do": "return", "value": "\u001b]0;title\u0007 \u009b31m"}"#;
    let mut terminal = Terminal::start(&stage, &[plan]);
    terminal.sees(r"\u{1b}]0;title\u{7} \u{9b}31m");
    terminal.ends(0);

    let plan = r#"{"do": "return", "value": {"a": "\u001b[31m \u009b31m"}}"#;
    let mut terminal = Terminal::start(&stage, &[plan]);
    terminal.sees(r#""\u001b[31m \u009b31m""#);
    terminal.ends(0);
}

#[test]
fn raw_texts_stay_on_their_line_and_the_prompt_does_not() {
    let mut stage = Stage::with("peer:stream");
    let steps = r#"{"steps": [{"item": "to"}, {"progress": 0.5}, {"item": " be"}]}"#;
    let mut terminal = Terminal::start(&stage, &["--raw", steps]);
    terminal.sees("to");
    stage.go_on();
    // The bar is no longer drawn on this line.
    assert_eq!(terminal.sees(" be"), "");
    let rest = terminal.ends(0);
    assert!(rest.starts_with("\r\nCOMPLETED"), "{rest:?}");
}
