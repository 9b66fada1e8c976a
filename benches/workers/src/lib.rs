//! The handlers' code that all workers of the benchmark share, the URLs for the bare loops, and the figures of both
//! benchmarks.

pub mod figures;
pub mod sample;
pub mod usage;

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The input of a job. All fields of a no-op job are zero.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// How long a handler that returns a value sleeps first, in milliseconds.
    #[serde(default)]
    pub ms: u64,
    /// The size of the output in bytes. With 0, the output is the number `0`.
    #[serde(default)]
    pub bytes: usize,
    /// The number of items of a stream.
    #[serde(default)]
    pub items: u64,
}

/// The output of a handler.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Output {
    /// A small output.
    Number(u64),
    /// An output with the size that the input requests.
    Text(String),
}

/// Runs the code of every handler that returns a value.
pub async fn work(input: Input) -> Output {
    if input.ms > 0 {
        tokio::time::sleep(Duration::from_millis(input.ms)).await;
    }
    let output = match input.bytes {
        0 => Output::Number(0),
        bytes => Output::Text("x".repeat(bytes)),
    };
    tell_of_return();
    output
}

/// Appends a byte to the file that `BENCH_RETURNS` names, if the variable is set.
fn tell_of_return() {
    static RETURNS: OnceLock<Option<File>> = OnceLock::new();
    let file = RETURNS.get_or_init(|| {
        let path = variable("BENCH_RETURNS");
        let append = || File::options().create(true).append(true).open(&path);
        (!path.is_empty()).then(|| append().ok()).flatten()
    });
    if let Some(mut file) = file.as_ref() {
        // If the write fails, the benchmark reports that the byte is missing.
        let _ = file.write_all(b".");
    }
}

/// Returns the next stream item: the current time in nanoseconds, from the clock that the endpoint also uses.
pub fn item() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or_default() * 1_000_000_000
        + u64::try_from(now.tv_nsec).unwrap_or_default()
}

/// Returns how many jobs the worker runs at a time.
pub fn slots() -> usize {
    variable("BENCH_SLOTS").parse().unwrap_or(1)
}

/// Returns whether the handler streams.
pub fn streams() -> bool {
    variable("BENCH_KIND") == "stream"
}

/// Reads an environment variable. Returns an empty string if it is not set.
pub fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// The URLs of the endpoint, with the worker's id filled in.
#[derive(Debug)]
pub struct Addresses {
    take: String,
    output: String,
    stream: String,
}

impl Addresses {
    /// Reads the URLs from the environment, like every worker.
    pub fn from_env() -> Self {
        let worker = variable("RUNPOD_POD_ID");
        let of = |name: &str| variable(name).replace("$RUNPOD_POD_ID", &worker);
        Self {
            take: of("RUNPOD_WEBHOOK_GET_JOB").replace("$ID", &worker),
            output: of("RUNPOD_WEBHOOK_POST_OUTPUT"),
            stream: of("RUNPOD_WEBHOOK_POST_STREAM"),
        }
    }

    /// Returns the URL that takes one job.
    pub fn take(&self, in_progress: bool) -> String {
        format!("{}&job_in_progress={}", self.take, u8::from(in_progress))
    }

    /// Returns the URL that takes several jobs.
    pub fn take_batch(&self, jobs: usize, in_progress: bool) -> String {
        let take = self.take.replace("/job-take/", "/job-take-batch/");
        let in_progress = u8::from(in_progress);
        format!("{take}&batch_size={jobs}&job_in_progress={in_progress}")
    }

    /// Returns the URL for a job's result.
    pub fn result(&self, job: &str) -> String {
        let streams = streams();
        format!("{}&isStream={streams}", self.output.replace("$ID", job))
    }

    /// Returns the URL for an item of a job's stream.
    pub fn item(&self, job: &str) -> String {
        format!("{}&isStream=false", self.stream.replace("$ID", job))
    }
}

/// A job from the answer to a job-take request.
#[derive(Debug, Deserialize)]
pub struct Job {
    /// The job's id.
    pub id: String,
    /// The job's input.
    pub input: Input,
}

/// Returns the request body for an output or an item.
///
/// # Errors
///
/// Returns an error if the output cannot be serialised.
pub fn body(output: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a, T> {
        output: &'a T,
    }
    serde_json::to_vec(&Body { output })
}
