//! Writes stream items and the output to stdout.

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, Write as _};

use serde::Serialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::Arguments;
use super::display::Display;
use super::json_text;
use super::report::{Report, Status};
use super::safe_text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One item per line.
    Lines,
    /// Texts without a newline after each.
    Raw,
    /// One JSON document at the end.
    Document,
}

#[derive(Debug)]
pub(super) struct Output<'d> {
    mode: Mode,
    display: &'d Display,
    to_terminal: bool,
    has_streamed: Cell<bool>,
    /// Whether the last line on a terminal has not been ended by a newline.
    is_line_open: Cell<bool>,
    /// The items for the JSON document.
    items: RefCell<Vec<Box<RawValue>>>,
}

impl<'d> Output<'d> {
    pub(super) fn new(arguments: &Arguments, display: &'d Display) -> Self {
        let mode = match (arguments.json, arguments.raw) {
            (true, _) => Mode::Document,
            (false, true) => Mode::Raw,
            (false, false) => Mode::Lines,
        };
        Self {
            mode,
            display,
            to_terminal: io::stdout().is_terminal(),
            has_streamed: Cell::new(false),
            is_line_open: Cell::new(false),
            items: RefCell::default(),
        }
    }

    pub(super) async fn items(&self, items: Vec<Box<RawValue>>) -> io::Result<()> {
        self.has_streamed.set(true);
        if self.mode == Mode::Document {
            self.items.borrow_mut().extend(items);
            return Ok(());
        }
        let mut text = String::new();
        for item in &items {
            self.add(&mut text, item, json_text::compact);
        }
        self.write(text).await
    }

    /// Writes the result of a finished job.
    pub(super) async fn result(&self, id: &str, report: &Report) -> io::Result<()> {
        let mut text = String::new();
        match (&report.status, &report.output) {
            _ if self.mode == Mode::Document => {
                text = document(id, report, &self.items.borrow());
                text.push('\n');
            }
            // The items of a stream were already printed, and a failed job has no output.
            (Status::Completed, Some(output)) if !self.has_streamed.get() => {
                self.add(&mut text, output, json_text::pretty);
            }
            _ => {}
        }
        if self.is_line_open.replace(false) && self.to_terminal {
            text.push('\n');
        }
        self.write(text).await
    }

    /// Adds a value: a text as it is, everything else as JSON.
    fn add(&self, to: &mut String, value: &RawValue, layout: fn(&RawValue) -> String) {
        let (text, is_text) = match json_text::as_text(value) {
            Some(text) if self.to_terminal => (safe_text::block(&text), true),
            Some(text) => (text, true),
            None if self.to_terminal => (json_text::for_terminal(&layout(value)), false),
            None => (layout(value), false),
        };
        let is_raw = self.mode == Mode::Raw && is_text;
        if !is_text && self.is_line_open.get() {
            to.push('\n');
        }
        to.push_str(&text);
        if is_raw {
            if !text.is_empty() {
                self.is_line_open.set(!text.ends_with('\n'));
            }
        } else {
            to.push('\n');
            self.is_line_open.set(false);
        }
    }

    /// Writes and flushes the text. Uses another thread, because a paused reader must not delay Ctrl-C.
    async fn write(&self, text: String) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if self.is_line_open.get() && self.to_terminal {
            // The bar would be drawn on the line of the text.
            self.display.clear();
        }
        let bar = self.display.bar().filter(|_| self.to_terminal).cloned();
        let written = tokio::task::spawn_blocking(move || {
            let write = || {
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes())?;
                stdout.flush()
            };
            match bar {
                Some(bar) => bar.suspend(write),
                None => write(),
            }
        });
        written.await.map_err(io::Error::other)?
    }
}

fn document(id: &str, report: &Report, items: &[Box<RawValue>]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        id: &'a str,
        status: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        stream: &'a [Box<RawValue>],
        delay_time: Option<&'a Number>,
        execution_time: Option<&'a Number>,
        worker_id: Option<&'a str>,
    }
    let document = Document {
        id,
        status: report.status.as_str(),
        output: report.output.as_deref(),
        error: report.error.as_deref(),
        stream: items,
        delay_time: report.delay_time.as_ref(),
        execution_time: report.execution_time.as_ref(),
        worker_id: report.worker_id.as_deref(),
    };
    let text = serde_json::to_string(&document).unwrap_or_default();
    // A worker may have written JSON on several lines, but the document must be on one.
    match serde_json::from_str(&text) {
        Ok(json) => json_text::compact(json),
        Err(_) => text,
    }
}
