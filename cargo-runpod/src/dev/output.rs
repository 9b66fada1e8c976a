//! Passes on a worker's output line by line: to this program's own output and, for the log lines of a job, to the job's
//! page.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use runpod_local::JobLogs;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use super::log_line::{Log, level_of};
use super::say;

/// The maximum length of a line. A longer line is passed on in pieces.
const LONGEST: u64 = 64 * 1024;

/// Passes on the output until the worker and all its child processes have closed it.
pub(super) async fn pass_on(
    from: impl AsyncRead + Unpin,
    to: Stream,
    prefix: Option<String>,
    logs: JobLogs,
) {
    let mut from = BufReader::new(from);
    let mut log = Log::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut from).take(LONGEST).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if let Some(line) = log.read(text) {
            logs.push(&line.job, line.level, line.text);
        }
        to.write(prefix.as_deref(), text);
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

impl Stream {
    fn write(self, prefix: Option<&str>, text: &str) {
        match self {
            Self::Out => {
                let out = io::stdout().lock();
                let color = say::in_color(out.is_terminal());
                write(out, prefix, text, color);
            }
            Self::Err => {
                let out = io::stderr().lock();
                let color = say::in_color(out.is_terminal());
                write(out, prefix, text, color);
            }
        }
    }
}

/// Writes a line. A worker writes no colours to a pipe, so they are added again here.
fn write(mut out: impl io::Write, prefix: Option<&str>, text: &str, color: bool) {
    let mut line = prefix.map_or_else(String::new, |prefix| format!("{prefix} | "));
    if let Some((level, code)) = level_of(text).filter(|_| color) {
        let rest = &text[level.len()..];
        let _ = writeln!(line, "\u{1b}[{code}m{level}\u{1b}[0m{rest}");
    } else {
        line.push_str(text);
        line.push('\n');
    }
    // If nobody reads the output any more, the worker's jobs continue anyway.
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}
