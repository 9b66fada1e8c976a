//! A collector that decodes traces with OpenTelemetry's own definitions: `collector.py`, as a process.

use std::collections::VecDeque;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::PATIENCE;

/// One request with spans.
#[derive(Debug, Deserialize)]
pub(crate) struct Export {
    pub(crate) path: String,
    #[serde(rename = "type")]
    pub(crate) content_type: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) spans: VecDeque<Span>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) state: String,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) events: Vec<String>,
    pub(crate) status: Value,
    pub(crate) resource: Map<String, Value>,
}

impl Span {
    pub(crate) fn is_failed(&self) -> bool {
        self.status["code"] == "STATUS_CODE_ERROR"
    }
}

/// A running collector. It is killed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) address: String,
    seen: Vec<Span>,
}

impl Collector {
    /// Starts a collector that `accepts`, `refuses` or `hangs`.
    pub(crate) async fn that(behaviour: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = env::var_os("RUNPOD_TEST_PYTHON")
            .map_or_else(|| root.join("target/sdk-venv/bin/python"), PathBuf::from);
        let mut process = Command::new(python)
            .arg(root.join("tests/examples/collector.py"))
            .arg(behaviour)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("`cargo xtask setup` has installed Python's packages");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let first: Value = next(&mut lines).await;
        Self {
            _process: process,
            lines,
            address: format!("http://127.0.0.1:{}", first["port"]),
            seen: Vec::new(),
        }
    }

    /// Waits for the next request.
    pub(crate) async fn export(&mut self) -> Export {
        next(&mut self.lines).await
    }

    /// Waits until a span with this name has arrived, and returns the first one. All spans are remembered.
    pub(crate) async fn span(&mut self, name: &str) -> Span {
        loop {
            if let Some(found) = self.seen.iter().find(|span| span.name == name) {
                return found.clone();
            }
            let export = self.export().await;
            self.seen.extend(export.spans);
        }
    }

    /// Returns the names of all spans that have arrived so far.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.seen.iter().map(|span| &*span.name).collect();
        names.sort_unstable();
        names
    }
}

async fn next<T: for<'de> Deserialize<'de>>(lines: &mut Lines<BufReader<ChildStdout>>) -> T {
    let line = timeout(PATIENCE, lines.next_line()).await;
    let line = line
        .expect("the collector gets a request")
        .expect("its output can be read");
    serde_json::from_str(&line.expect("the collector runs")).expect("a line is JSON")
}
