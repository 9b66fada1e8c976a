//! Follows the log of a worker, through broken connections and without showing a line twice.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio::time::{sleep, timeout};

use super::client::{Client, part};
use super::error::RestError;
use super::sse::Parser;

/// How many events are remembered. After a reconnect, the API repeats events from the cursor's time on.
const REMEMBERED: usize = 2000;
/// A log without `--follow` ends after this time without a line.
const SILENCE: Duration = Duration::from_secs(2);
/// The longest pause before a stream that has ended is opened again.
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) endpoint: String,
    pub(crate) worker: String,
    /// `container` or `system`. `None` is both.
    pub(crate) source: Option<String>,
    pub(crate) tail: Option<u32>,
    /// A time in RFC 3339.
    pub(crate) since: Option<String>,
    /// Whether to wait for further lines.
    pub(crate) is_followed: bool,
}

/// A line of a worker's log. The names of the fields are the API's.
#[expect(clippy::struct_field_names, reason = "the API has these names")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    #[serde(default)]
    pub(crate) worker: String,
    pub(crate) ts: String,
    pub(crate) source: String,
    pub(crate) line: String,
}

/// Sends the worker's lines into `lines`. Returns if the worker is gone, if nobody receives the lines, or, without
/// following, at the end of the log.
pub(crate) async fn read(
    client: &Client,
    wanted: &Wanted,
    lines: &Sender<Line>,
) -> Result<(), RestError> {
    let path = format!(
        "/serverless/{}/workers/{}/logs",
        part(&wanted.endpoint),
        part(&wanted.worker)
    );
    let mut seen = Seen::default();
    let mut retries = client.retries();
    let shortest = Duration::from_millis(if client.is_here() { 30 } else { 1000 });
    let mut pause = shortest;
    let mut was_open = false;
    loop {
        match client
            .open(&path, &query(wanted), seen.cursor.as_deref())
            .await
        {
            Ok(answer) => {
                was_open = true;
                retries.succeeded();
                seen.reconnected();
                let before = seen.count;
                if receive(answer, wanted, &mut seen, lines).await == Ended::ForGood {
                    return Ok(());
                }
                // A server may end the stream of a quiet worker again and again.
                pause = if seen.count > before {
                    shortest
                } else {
                    (pause * 2).min(LONGEST)
                };
                sleep(pause).await;
            }
            // The platform keeps no log of a worker that it has removed.
            Err(error) if error.is_unknown() && was_open => return Ok(()),
            Err(error) if !error.trouble.is_transient() => return Err(error),
            Err(error) => match retries.next(&error.trouble) {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            },
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// Nobody receives the lines, or the log has been read to its end.
    ForGood,
    /// The connection has ended, and the log may continue.
    ForNow,
}

/// Sends the lines of one connection.
async fn receive(
    mut answer: reqwest::Response,
    wanted: &Wanted,
    seen: &mut Seen,
    lines: &Sender<Line>,
) -> Ended {
    let mut parser = Parser::default();
    loop {
        let chunk = if wanted.is_followed {
            answer.chunk().await
        } else {
            match timeout(SILENCE, answer.chunk()).await {
                Ok(chunk) => chunk,
                Err(_) => return Ended::ForGood,
            }
        };
        let chunk = match chunk {
            Ok(Some(chunk)) => chunk,
            Ok(None) if !wanted.is_followed => return Ended::ForGood,
            Ok(None) | Err(_) => return Ended::ForNow,
        };
        for event in parser.feed(&chunk) {
            // A keep-alive has no line.
            let Ok(mut line) = serde_json::from_str::<Line>(&event.data) else {
                continue;
            };
            line.worker.clone_from(&wanted.worker);
            if seen.is_new(event.id, &line) && lines.send(line).await.is_err() {
                return Ended::ForGood;
            }
        }
    }
}

fn query(wanted: &Wanted) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    query.extend(wanted.source.clone().map(|source| ("source", source)));
    query.extend(wanted.since.clone().map(|since| ("since", since)));
    query.extend(wanted.tail.map(|tail| ("tail", tail.to_string())));
    query
}

/// The events that were shown, so that a repetition is recognized.
#[derive(Debug, Default)]
struct Seen {
    cursor: Option<String>,
    /// How many new lines there were.
    count: u64,
    events: VecDeque<Line>,
    /// The events before the last reconnect that have not been repeated yet.
    expected: Vec<Line>,
}

impl Seen {
    fn reconnected(&mut self) {
        self.expected = self.events.iter().cloned().collect();
    }

    fn is_new(&mut self, id: Option<String>, line: &Line) -> bool {
        if let Some(id) = id {
            self.cursor = Some(id);
        }
        // Two equal lines at the same time are two events: each repetition stands for one of them.
        if let Some(at) = self.expected.iter().position(|before| before == line) {
            self.expected.swap_remove(at);
            return false;
        }
        if self.events.len() == REMEMBERED {
            self.events.pop_front();
        }
        self.events.push_back(line.clone());
        self.count += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ts: &str, text: &str) -> Line {
        Line {
            worker: "w".to_owned(),
            ts: ts.to_owned(),
            source: "container".to_owned(),
            line: text.to_owned(),
        }
    }

    #[test]
    fn equal_lines_are_shown_as_often_as_they_were_written() {
        let mut seen = Seen::default();
        assert!(seen.is_new(Some("1".to_owned()), &line("1", "a")));
        assert!(seen.is_new(Some("1".to_owned()), &line("1", "a")));
        seen.reconnected();
        assert!(!seen.is_new(Some("1".to_owned()), &line("1", "a")));
        assert!(!seen.is_new(Some("1".to_owned()), &line("1", "a")));
        assert!(seen.is_new(Some("1".to_owned()), &line("1", "a")));
        assert!(seen.is_new(Some("2".to_owned()), &line("2", "a")));
        assert_eq!(seen.cursor.as_deref(), Some("2"));
    }

    #[test]
    fn the_memory_of_lines_has_a_bound() {
        let mut seen = Seen::default();
        for number in 0..3000 {
            assert!(seen.is_new(None, &line(&number.to_string(), "a")));
        }
        assert_eq!(seen.events.len(), REMEMBERED);
    }
}
