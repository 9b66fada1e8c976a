//! The stage for a scenario: an endpoint, a room with a spool, and workers that come and go.

use std::collections::HashSet;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::timeout;

use crate::dice::{Dice, again};
use crate::endpoint::Endpoint;
use crate::jobs::Job;
use crate::ledger::Ledger;
use crate::process::{self, API_KEY, Kind, Worker};
use crate::verdict::Verdict;
use crate::weather::Weather;

/// The time limit for every wait. Only a run that hangs reaches it.
const DEADLINE: Duration = Duration::from_mins(3);
/// The time in which a worker must exit once nothing keeps it running.
const LEAVING: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Stage {
    name: String,
    pub(crate) endpoint: Endpoint,
    room: PathBuf,
    pub(crate) kind: Kind,
    environment: Vec<(&'static str, String)>,
    /// How many workers were started.
    workers: usize,
}

impl Stage {
    /// Sets up a stage without a worker.
    pub(crate) async fn set(name: &str, kind: Kind, weather: Weather, jobs: Vec<Job>) -> Self {
        Self::holding(name, kind, weather, jobs, None).await
    }

    /// Like [`set`](Self::set), with an endpoint that holds polls for `held`.
    pub(crate) async fn holding(
        name: &str,
        kind: Kind,
        weather: Weather,
        jobs: Vec<Job>,
        held: Option<Duration>,
    ) -> Self {
        let room = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("chaos")
            .join(name);
        if room.exists() {
            fs::remove_dir_all(&room).expect("the old room can be removed");
        }
        fs::create_dir_all(&room).expect("the room can be created");
        // Our worker and the SDK get the same random numbers.
        let dice = Dice::of(name.trim_end_matches("-sdk"));
        let endpoint = Endpoint::start(dice, weather, jobs, held)
            .await
            .expect("a loopback port is free");
        let environment = environment(&endpoint, &room);
        Self {
            name: name.to_owned(),
            endpoint,
            room,
            kind,
            environment,
            workers: 0,
        }
    }

    /// Sets a variable for the workers that start from now on.
    pub(crate) fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.environment.push((variable, value.to_owned()));
        self
    }

    /// Starts a worker. Each worker has its own id.
    pub(crate) fn start(&mut self) -> Worker {
        let mut worker = self.start_unread();
        worker
            .read_stdout()
            .expect("the worker's log can be stored");
        worker
    }

    /// Starts a worker whose standard output nobody reads.
    pub(crate) fn start_unread(&mut self) -> Worker {
        self.workers += 1;
        let mut environment = self.environment.clone();
        environment.push(("RUNPOD_POD_ID", self.worker_id()));
        let shared = self.endpoint.handle();
        let id = self.worker_id();
        let started = process::start(self.kind, &self.room, &environment, move |news| {
            shared.change(|ledger| ledger.announced(news, &id));
        });
        started.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Returns the id of the worker that was started last.
    pub(crate) fn worker_id(&self) -> String {
        format!("{}-{}", self.name, self.workers)
    }

    /// Waits until the condition holds for the ledger.
    pub(crate) async fn until(&self, what: &str, condition: impl FnMut(&Ledger) -> bool) {
        self.within(DEADLINE, what, self.endpoint.until(condition))
            .await;
    }

    /// Asserts that heartbeats and stops still work, and stops the first job.
    pub(crate) async fn assert_alive(&self) {
        let before = self.endpoint.ledger(|ledger| ledger.pings);
        let beats = |ledger: &Ledger| ledger.pings > before + 5;
        self.until("six more heartbeats", beats).await;
        self.endpoint
            .change(|ledger| ledger.stops.push("job-00000".to_owned()));
        let stopped = |ledger: &Ledger| ledger.entry("job-00000").is_stopped;
        self.until("the first job is stopped", stopped).await;
    }

    /// Waits for `event`, which the worker must cause within the time limit.
    pub(crate) async fn seen(&self, what: &str, event: impl Future<Output = ()>) {
        self.within(DEADLINE, what, event).await;
    }

    /// Sends the signal and waits until the worker has noticed it.
    pub(crate) async fn tell(&self, worker: &Worker, signal: Signal) {
        let understood = worker.says("received");
        worker.signal(signal);
        self.seen("the worker notices the signal", understood).await;
    }

    /// Waits until every job is settled and the queue is empty.
    pub(crate) async fn until_settled(&self) {
        self.until("every job is settled", Ledger::is_over).await;
    }

    /// Like [`until_settled`](Self::until_settled), for a worker without guarantees. Returns false if some jobs are
    /// not settled in time.
    pub(crate) async fn settles(&self) -> bool {
        let settled = self.endpoint.until(Ledger::is_over);
        timeout(DEADLINE, settled).await.is_ok()
    }

    async fn within<T>(&self, limit: Duration, what: &str, event: impl Future<Output = T>) -> T {
        timeout(limit, event).await.unwrap_or_else(|_| {
            panic!(
                "this never happened: {what}\n{}\n{}",
                self.verdict().sums,
                self.about()
            )
        })
    }

    /// Tells the worker to stop and waits until it has exited. Returns its exit code, or `None` if a signal killed it.
    pub(crate) async fn dismiss(&self, worker: &mut Worker) -> Option<i32> {
        worker.signal(Signal::TERM);
        self.seen_off(worker).await
    }

    /// Waits until a worker that is about to exit has exited.
    pub(crate) async fn seen_off(&self, worker: &mut Worker) -> Option<i32> {
        let status = self
            .within(LEAVING, "the worker exits", worker.ended())
            .await;
        let status = status.expect("the test can wait for its child");
        if !worker.leaves_anybody() {
            // Requests that a worker sent before it exited may still be on their way through the endpoint. There must
            // be no requests after them.
            self.endpoint.drained().await;
            self.endpoint.change(|ledger| ledger.is_sealed = true);
        }
        status.code()
    }

    /// Allows another worker after one that has exited.
    pub(crate) fn reopen(&self) {
        self.endpoint.change(|ledger| ledger.is_sealed = false);
    }

    /// Kills the worker suddenly, as if its machine failed.
    pub(crate) async fn kill(&self, mut worker: Worker) {
        let id = self.worker_id();
        worker.signal(Signal::KILL);
        let ended = self
            .within(LEAVING, "the worker is gone", worker.ended())
            .await;
        ended.expect("the test can wait for its child");
        self.endpoint.drained().await;
        self.endpoint.change(|ledger| ledger.killed.insert(id));
    }

    /// Returns the ids of the jobs whose results wait in the spool.
    pub(crate) fn spooled(&self) -> HashSet<String> {
        let Ok(files) = fs::read_dir(self.room.join("spool")) else {
            return HashSet::new();
        };
        let names = files
            .flatten()
            .filter_map(|file| file.file_name().into_string().ok());
        names
            .filter_map(|name| {
                // `<when>-<job>-<digest>.<whose>.result`
                let (_, rest) = name.strip_suffix(".result")?.split_once('-')?;
                Some(rest.rsplit_once('-')?.0.to_owned())
            })
            .collect()
    }

    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.room.join("output.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let spooled = self.spooled();
        let streams = self.kind.streams();
        self.endpoint
            .ledger(|ledger| Verdict::of(ledger, &spooled, streams))
    }

    /// Panics unless every promise was kept.
    pub(crate) fn assert_kept(&self) -> Verdict {
        let verdict = self.verdict();
        verdict.assert_kept(&self.about());
        assert!(
            !self.log().contains(API_KEY),
            "the key is in {}",
            self.about()
        );
        verdict
    }

    /// Returns how to repeat this run, and the worker's last log lines.
    fn about(&self) -> String {
        let log = self.log();
        let lines: Vec<String> = log
            .lines()
            .map(|line| line.chars().take(240).collect())
            .collect();
        let last = &lines[lines.len().saturating_sub(12)..];
        format!(
            "{} with {}, complete log in {}\n    | {}",
            self.name,
            again(),
            self.room.join("output.log").display(),
            last.join("\n    | ")
        )
    }
}

fn environment(endpoint: &Endpoint, room: &Path) -> Vec<(&'static str, String)> {
    let base = format!("http://{}/v2/chaos", endpoint.address);
    vec![
        (
            "RUNPOD_WEBHOOK_GET_JOB",
            format!("{base}/job-take/$ID?gpu=any"),
        ),
        (
            "RUNPOD_WEBHOOK_POST_OUTPUT",
            format!("{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=any"),
        ),
        (
            "RUNPOD_WEBHOOK_POST_STREAM",
            format!("{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=any"),
        ),
        (
            "RUNPOD_WEBHOOK_PING",
            format!("{base}/ping/$RUNPOD_POD_ID?gpu=any"),
        ),
        ("RUNPOD_AI_API_KEY", API_KEY.to_owned()),
        ("RUNPOD_ENDPOINT_ID", "chaos".to_owned()),
        ("RUNPOD_LOG_LEVEL", "INFO".to_owned()),
        ("RUNPOD_PING_INTERVAL", "1000".to_owned()),
        (
            "RUNPOD_RESULT_SPOOL",
            room.join("spool").to_string_lossy().into_owned(),
        ),
        ("CHAOS_GATE", endpoint.address.to_string()),
    ]
}
