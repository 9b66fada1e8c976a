//! Shows a running job on stderr: a spinner or a bar on a terminal, and lines if `--verbose` asks for them.

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::{Report, Status};
use super::safe_text;
use super::share::{self, Update};

const SPINNER: &str = "{spinner} {elapsed:>4} {wide_msg}";
const BAR: &str = "[{bar:30}] {percent:>3}% {elapsed:>4} {wide_msg}";

/// The length of a bar in steps. A step is one percent, as on the endpoint's page.
const PARTS: u64 = 100;

#[derive(Debug)]
pub(super) struct Display {
    bar: Option<ProgressBar>,
    lines: bool,
    is_bar: Cell<bool>,
    /// The last state shown, so it is not shown twice.
    last: RefCell<String>,
}

impl Display {
    /// Creates a display. `quietly` shows no bar, even on a terminal.
    pub(super) fn new(quietly: bool, lines: bool) -> Self {
        let bar = (!quietly && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(PARTS), ProgressDrawTarget::stderr());
            bar.set_style(style(SPINNER));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self {
            bar,
            lines,
            is_bar: Cell::new(false),
            last: RefCell::default(),
        }
    }

    pub(super) fn submitting(&self) {
        self.message("submitting");
    }

    /// Shows the job's state. Returns whether it is new.
    pub(super) fn show(&self, id: &str, report: &Report) -> bool {
        let (update, told) = match (&report.status, &report.output) {
            (Status::InProgress, Some(output)) => {
                let update = share::read(output);
                let told = safe_text::line(&super::json_text::compact(output), 1000);
                (Some(update), format!("progress {told}"))
            }
            (Status::InProgress, None) => (None, running(report)),
            (Status::InQueue, _) => (None, "in queue".to_owned()),
            (other, _) => (None, safe_text::line(other.as_str(), 60)),
        };
        if *self.last.borrow() == told {
            return false;
        }
        if self.lines {
            self.line(&format!("job {id}: {told}"));
        }
        match update {
            Some(update) => self.update(&update, report),
            None => self.spin(&format!("{told} · job {id}")),
        }
        self.last.replace(told);
        true
    }

    fn update(&self, update: &Update, report: &Report) {
        let Some(share) = update.share else {
            return self.spin(&update.text);
        };
        let Some(bar) = self.bar() else { return };
        if !self.is_bar.replace(true) {
            bar.set_style(style(BAR));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share is from 0 to 1"
        )]
        // In floating point, 0.57 times 100 is slightly less than 57.
        bar.set_position((share * PARTS as f64 + 1e-9) as u64);
        if update.text.is_empty() {
            self.message(&running(report));
        } else {
            self.message(&update.text);
        }
    }

    fn spin(&self, text: &str) {
        if let Some(bar) = self.bar()
            && self.is_bar.replace(false)
        {
            bar.set_style(style(SPINNER));
        }
        self.message(text);
    }

    fn message(&self, text: &str) {
        if let Some(bar) = self.bar() {
            bar.set_message(text.to_owned());
        }
    }

    /// Prints something that the user must know, whatever else is shown.
    pub(super) fn note(&self, text: &str) {
        self.line(&format!("note: {text}"));
    }

    /// Prints the outcome if progress was shown before.
    pub(super) fn ended(&self, text: &str) {
        if self.bar.is_some() || self.lines {
            self.line(text);
        }
    }

    /// Removes the bar. Nothing moves after this.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Returns the bar, which must be suspended while something else is written to the same terminal.
    pub(super) fn bar(&self) -> Option<&ProgressBar> {
        self.bar.as_ref().filter(|bar| !bar.is_finished())
    }

    /// Prints a line on stderr. Ignores a closed stderr.
    pub(super) fn line(&self, text: &str) {
        let write = || {
            let _ = writeln!(io::stderr(), "{text}");
        };
        match self.bar() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn running(report: &Report) -> String {
    match &report.worker_id {
        Some(worker) => format!("running on worker {}", safe_text::line(worker, 60)),
        None => "running".to_owned(),
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants, and a test covers both.
    let style = ProgressStyle::with_template(template);
    style
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .progress_chars("=> ")
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}
