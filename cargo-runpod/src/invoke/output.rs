//! Writes stream items and the output to stdout.

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, Write as _};

use serde::Serialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::arguments::Printing;
use super::code;
use super::display::Display;
use super::json_text;
use super::report::{Report, Status};
use super::safe_text;
use super::save::{Saving, shorten};
use crate::failure::Failure;

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
    saving: Option<RefCell<Saving>>,
}

impl<'d> Output<'d> {
    /// Prepares the output. The folder of `--save` is made now, so a job does not run in vain.
    pub(super) fn new(printing: &Printing, display: &'d Display) -> Result<Self, Failure> {
        let saving = printing.save.as_deref().map(Saving::into).transpose()?;
        let mode = match (printing.json, printing.raw) {
            (true, _) => Mode::Document,
            (false, true) => Mode::Raw,
            (false, false) => Mode::Lines,
        };
        Ok(Self {
            mode,
            display,
            to_terminal: io::stdout().is_terminal(),
            has_streamed: Cell::new(false),
            is_line_open: Cell::new(false),
            items: RefCell::default(),
            saving: saving.map(RefCell::new),
        })
    }

    /// Returns the exit code for a result that was printed.
    pub(super) fn code(&self, report: &Report) -> u8 {
        let is_incomplete = |saving: &RefCell<Saving>| saving.borrow().has_failed();
        if self.saving.as_ref().is_some_and(is_incomplete) {
            return code::NO_ANSWER;
        }
        code::of(&report.status)
    }

    pub(super) async fn items(&self, items: Vec<Box<RawValue>>) -> io::Result<()> {
        let items: Vec<_> = items
            .into_iter()
            .map(|item| self.without_files(item, "item"))
            .collect();
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
        // While a job runs, its output is a progress update.
        let output = report.output.clone().map(|output| {
            if report.status.is_final() {
                self.without_files(output, "output")
            } else {
                output
            }
        });
        match (&report.status, &output) {
            _ if self.mode == Mode::Document => {
                text = document(id, report, output.as_deref(), &self.items.borrow());
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

    /// Saves the files in a value if `--save` asks for it, and returns the value with their paths in their place.
    /// Otherwise, long files are shortened on a terminal.
    fn without_files(&self, value: Box<RawValue>, name: &str) -> Box<RawValue> {
        let Some(saving) = &self.saving else {
            let is_for_eyes = self.to_terminal && self.mode == Mode::Lines;
            return if is_for_eyes {
                shorten::files_in(value)
            } else {
                value
            };
        };
        let mut saving = saving.borrow_mut();
        let value = saving.files_of(value, name);
        for told in saving.notes() {
            self.display.note(&told);
        }
        value
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

fn document(
    id: &str,
    report: &Report,
    output: Option<&RawValue>,
    items: &[Box<RawValue>],
) -> String {
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
        output,
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
