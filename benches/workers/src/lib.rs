//! The work that all workers of the bench do, and the addresses that the bare loops call.

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What a job asks for. Everything is zero for a no-op job.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// A handler that returns a value sleeps for this time first.
    #[serde(default)]
    pub ms: u64,
    /// The size of the output; 0 stands for the output `0`.
    #[serde(default)]
    pub bytes: usize,
    /// The number of items of a stream.
    #[serde(default)]
    pub items: u64,
}

/// What a handler returns.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Output {
    /// For small jobs.
    Number(u64),
    /// For outputs of a chosen size.
    Text(String),
}

/// The body of every handler that returns a value.
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

/// Adds a byte to the file that `BENCH_RETURNS` names, if it does.
fn tell_of_return() {
    static RETURNS: OnceLock<Option<File>> = OnceLock::new();
    let file = RETURNS.get_or_init(|| {
        let path = variable("BENCH_RETURNS");
        let append = || File::options().create(true).append(true).open(&path);
        (!path.is_empty()).then(|| append().ok()).flatten()
    });
    if let Some(mut file) = file.as_ref() {
        // The bench waits for it in vain, and tells.
        let _ = file.write_all(b".");
    }
}

/// The item that every handler yields: the moment in which it was made. The endpoint's clock is the same.
pub fn item() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or_default() * 1_000_000_000
        + u64::try_from(now.tv_nsec).unwrap_or_default()
}

/// How many jobs the worker runs at a time.
pub fn slots() -> usize {
    variable("BENCH_SLOTS").parse().unwrap_or(1)
}

/// Whether the jobs are streams.
pub fn streams() -> bool {
    variable("BENCH_KIND") == "stream"
}

/// Reads an environment variable; one that is not set is empty.
pub fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// The addresses of the endpoint, with the worker's id in its place.
#[derive(Debug)]
pub struct Addresses {
    take: String,
    output: String,
    stream: String,
}

impl Addresses {
    /// Reads them from the environment, as every worker does.
    pub fn from_env() -> Self {
        let worker = variable("RUNPOD_POD_ID");
        let of = |name: &str| variable(name).replace("$RUNPOD_POD_ID", &worker);
        Self {
            take: of("RUNPOD_WEBHOOK_GET_JOB").replace("$ID", &worker),
            output: of("RUNPOD_WEBHOOK_POST_OUTPUT"),
            stream: of("RUNPOD_WEBHOOK_POST_STREAM"),
        }
    }

    /// For one job.
    pub fn take(&self, in_progress: bool) -> String {
        format!("{}&job_in_progress={}", self.take, u8::from(in_progress))
    }

    /// For several jobs.
    pub fn take_batch(&self, jobs: usize, in_progress: bool) -> String {
        let take = self.take.replace("/job-take/", "/job-take-batch/");
        let in_progress = u8::from(in_progress);
        format!("{take}&batch_size={jobs}&job_in_progress={in_progress}")
    }

    /// For a job's result.
    pub fn result(&self, job: &str) -> String {
        let streams = streams();
        format!("{}&isStream={streams}", self.output.replace("$ID", job))
    }

    /// For an item of a job's stream.
    pub fn item(&self, job: &str) -> String {
        format!("{}&isStream=false", self.stream.replace("$ID", job))
    }
}

/// A job as the endpoint hands it out.
#[derive(Debug, Deserialize)]
pub struct Job {
    /// The job's id.
    pub id: String,
    /// The job's input.
    pub input: Input,
}

/// The body of a post.
///
/// # Errors
///
/// If the output does not serialise.
pub fn body(output: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a, T> {
        output: &'a T,
    }
    serde_json::to_vec(&Body { output })
}
