//! Passes on a worker's output line by line. The program's own output and the worker's log arrive separately. Only the
//! log reaches the pages of jobs.

use std::io::{self, IsTerminal as _};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use super::log_line::LogLine;
use super::say;

/// The maximum length of a line. A longer line of output is passed on in pieces. A worker truncates its log lines, so
/// that they are shorter even if each character is escaped.
const LONGEST: u64 = 64 * 1024;

/// Passes on what the program and its child processes print, until all of them have closed the output.
pub(super) async fn pass_on(from: impl AsyncRead + Unpin, to: Stream, prefix: String) {
    let mut lines = Lines::of(from);
    while let Some(line) = lines.next().await {
        to.write(&format!("{prefix}{}\n", String::from_utf8_lossy(line)));
    }
}

/// Passes on a worker's log until the worker has closed it. `hear` gets each event, too.
pub(super) async fn pass_on_log(
    from: impl AsyncRead + Unpin,
    prefix: String,
    hear: impl Fn(&LogLine),
) {
    let color = say::in_color(io::stdout().is_terminal());
    let mut lines = Lines::of(from);
    while let Some(line) = lines.next().await {
        let Some(event) = LogLine::read(line) else {
            continue;
        };
        hear(&event);
        Stream::Out.write(&event.shown(&prefix, color));
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

impl Stream {
    fn write(self, lines: &str) {
        match self {
            Self::Out => write(&mut io::stdout().lock(), lines),
            Self::Err => write(&mut io::stderr().lock(), lines),
        }
    }
}

fn write(out: &mut dyn io::Write, lines: &str) {
    // If nobody reads the output any more, the worker's jobs continue anyway.
    let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
}

struct Lines<R> {
    from: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn of(from: R) -> Self {
        Self {
            from: BufReader::new(from),
            line: Vec::new(),
        }
    }

    /// Returns the next line without its end, or `None` at the end of the output.
    async fn next(&mut self) -> Option<&[u8]> {
        self.line.clear();
        let mut from = (&mut self.from).take(LONGEST);
        match from.read_until(b'\n', &mut self.line).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(self.line.strip_suffix(b"\n").unwrap_or(&self.line)),
        }
    }
}
