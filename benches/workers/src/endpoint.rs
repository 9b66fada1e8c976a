//! The endpoint of the benchmark: a queue in memory, served over HTTP/1.1 on a separate thread.
//!
//! The endpoint needs less processor time than any of the workers, except for the bare loop on hyper, which needs as
//! much. It supports job-take, job-take-batch, job-done, job-stream, job-stop and ping, and counts the requests.

mod connection;
mod state;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Outcome;
use state::State;
pub(crate) use state::{Answer, Counts, Jobs};

/// How often [`Endpoint::wait`] checks its condition. No measurement depends on it, because the endpoint records the
/// times itself.
const LOOK: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    pub(crate) fn open(jobs: Jobs) -> Outcome<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(jobs));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let served = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("endpoint".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        Err(error) = accept(listener, served) => eprintln!("the endpoint failed: {error}"),
                    }
                });
            })?;
        Ok(Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Returns the environment variables for a worker of this endpoint.
    pub(crate) fn environment(&self, worker: &str) -> Vec<(&'static str, String)> {
        let base = format!("http://{}/v2/bench", self.address);
        let under = |path: &str| format!("{base}/{path}");
        vec![
            ("RUNPOD_WEBHOOK_GET_JOB", under("job-take/$ID?gpu=bench")),
            (
                "RUNPOD_WEBHOOK_POST_OUTPUT",
                under("job-done/$RUNPOD_POD_ID/$ID?gpu=bench"),
            ),
            (
                "RUNPOD_WEBHOOK_POST_STREAM",
                under("job-stream/$RUNPOD_POD_ID/$ID?gpu=bench"),
            ),
            ("RUNPOD_WEBHOOK_PING", under("ping/$RUNPOD_POD_ID")),
            ("RUNPOD_AI_API_KEY", "key-of-the-bench".to_owned()),
            ("RUNPOD_POD_ID", worker.to_owned()),
        ]
    }

    pub(crate) fn add(&self, jobs: u64) {
        self.state.add(jobs);
    }

    /// Sets the answer to the results of all jobs from number `from` on.
    pub(crate) fn answer_results(&self, from: u64, answer: Answer) {
        self.state.answer_results(from, answer);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state.counts()
    }

    /// Returns the number of open connections.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections()
    }

    /// Returns the time of the first job-take request.
    pub(crate) fn first_take(&self) -> Option<Instant> {
        self.state.moments().first_take
    }

    /// Returns the time between the answer to the last job-take request and the arrival of the last result.
    pub(crate) fn last_job(&self) -> Option<Duration> {
        let moments = self.state.moments();
        let (handed_out, accepted) = (moments.handed_out?, moments.accepted?);
        Some(accepted.saturating_duration_since(handed_out))
    }

    /// Returns the age of each item at its arrival, in nanoseconds, and clears the list.
    pub(crate) fn ages_of_items(&self) -> Vec<u64> {
        std::mem::take(&mut self.state.moments().ages)
    }

    /// Returns how many of the first `jobs` jobs have no accepted result.
    pub(crate) fn without_result(&self, jobs: u64) -> u64 {
        self.state.without_result(jobs)
    }

    pub(crate) fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut(&Self) -> Option<T>,
    ) -> Outcome<T> {
        let begun = Instant::now();
        loop {
            if let Some(found) = condition(self) {
                return Ok(found);
            }
            if begun.elapsed() > limit {
                let counts = self.counts();
                return Err(format!("no {what} within {limit:?}; so far: {counts:?}").into());
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have stopped already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: std::net::TcpListener, state: Arc<State>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let state = Arc::clone(&state);
        // If a connection fails, the worker has probably exited.
        tokio::spawn(async move { connection::serve(stream, &state).await });
    }
}
