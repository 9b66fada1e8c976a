//! Keeps the last log lines of a start, for the client of a job that fails because the start failed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many bytes of lines are kept. The SDK keeps as many.
const MOST: usize = 16 << 10;

/// Whether lines are kept. Checked first, because every line after the start comes through here, too.
static KEEPS: AtomicBool = AtomicBool::new(false);
static RECENT: Mutex<Tail> = Mutex::new(Tail(VecDeque::new()));

/// Keeps the last lines from now on.
pub(crate) fn keep_recent() {
    KEEPS.store(true, Ordering::Release);
}

/// Returns the last lines, without secrets, as they were written to the log.
pub(crate) fn recent() -> String {
    with_tail(Tail::text)
}

/// Drops the lines, and keeps no further ones.
pub(crate) fn forget_recent() {
    KEEPS.store(false, Ordering::Release);
    with_tail(|tail| *tail = Tail::default());
}

/// Keeps a line, which must end with `\n`, unless the start is over.
pub(super) fn keep(line: &str) {
    if KEEPS.load(Ordering::Acquire) {
        with_tail(|tail| tail.push(line));
    }
}

fn with_tail<T>(act: impl FnOnce(&mut Tail) -> T) -> T {
    act(&mut RECENT.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The last lines, of at most [`MOST`] bytes.
#[derive(Debug, Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    fn push(&mut self, line: &str) {
        if line.len() > MOST {
            self.0.clear();
            return;
        }
        while self.0.len() + line.len() > MOST {
            let first = self.0.iter().position(|&byte| byte == b'\n');
            self.0.drain(..=first.unwrap_or(self.0.len() - 1));
        }
        self.0.extend(line.as_bytes());
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.0.make_contiguous()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_lines_are_kept() {
        let mut tail = Tail::default();
        assert_eq!(tail.text(), "");
        let line = |number: usize| format!("{number:0>99}\n");
        for number in 0..1000 {
            tail.push(&line(number));
        }
        let kept = MOST / 100;
        let expected: String = (1000 - kept..1000).map(line).collect();
        assert_eq!(tail.text(), expected);
        // A line in UTF-8 of exactly the whole size leaves no room for others.
        let whole = format!("{}\n", "ä".repeat(MOST / 2 - 1));
        tail.push(&whole);
        tail.push("\n");
        assert_eq!(tail.text(), format!("{whole}\n"));
        tail.push(&"x".repeat(MOST + 1));
        assert_eq!(tail.text(), "");
    }
}
