//! The endpoint's ledger: every job that was handed out and everything that was accepted, in order of arrival.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::jobs::Job;
use crate::output::News;
use crate::route::{Asked, Route};

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) queue: VecDeque<Job>,
    pub(crate) entries: HashMap<String, Entry>,
    /// When each job-take request arrived.
    pub(crate) takes: Vec<Instant>,
    /// When each stop poll arrived.
    pub(crate) stop_polls: Vec<Instant>,
    pub(crate) pings: usize,
    /// How many posts were not accepted.
    pub(crate) refused: usize,
    /// How many posts arrived, whatever the answer was.
    pub(crate) posts: usize,
    /// How many jobs have an accepted result whose answer the worker could see.
    pub(crate) results: usize,
    /// How many jobs were handed out and are not settled.
    pub(crate) open: usize,
    /// The number of job-take requests since the queue became empty that reported no job in progress.
    pub(crate) idle_takes: usize,
    /// The ids that the next stop poll gets.
    pub(crate) stops: Vec<String>,
    pub(crate) open_gates: HashSet<String>,
    pub(crate) all_gates_open: bool,
    /// Whether no worker is left. Any later request is an offence.
    pub(crate) is_sealed: bool,
    /// The workers that were killed. Their knowledge about accepted posts is lost.
    pub(crate) killed: HashSet<String>,
    /// The offences that were noticed when they happened.
    pub(crate) offences: Vec<String>,
    asking: HashSet<String>,
    /// The number of job-take requests, including those in the parts that were split off.
    asked: usize,
}

/// Everything about one job.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent fact that becomes true at some moment"
)]
pub(crate) struct Entry {
    pub(crate) job: Job,
    /// How often the job was handed out in an answer that, as far as the endpoint can know, arrived.
    pub(crate) taken: u32,
    /// The worker that took the job last.
    taker: String,
    pub(crate) posts: Vec<Posted>,
    /// Whether a stop poll has named the job.
    pub(crate) is_stopped: bool,
    /// Whether an answer to a post said that another attempt is useless.
    pub(crate) is_refused: bool,
    /// Whether an answer to a post said that the platform does not want the result.
    pub(crate) is_disowned: bool,
    /// Whether nothing is left to do for the job, and the worker knows this.
    pub(crate) is_settled: bool,
    /// Whether the handler has reached its gate.
    pub(crate) is_at_gate: bool,
    /// The worker in which the handler has started.
    pub(crate) started_by: Option<String>,
    /// When the handler had produced all its output.
    pub(crate) produced: Option<Instant>,
}

/// One post about a job.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) route: Route,
    pub(crate) worker: String,
    pub(crate) said: Said,
    pub(crate) outcome: Outcome,
    /// How many workers had been killed when the post arrived.
    pub(crate) kills: usize,
}

/// The outcome of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Refused,
    /// The post was accepted, and the answer said so.
    Seen,
    /// The post was accepted, but the answer was lost.
    Hidden,
}

/// The essential content of a post, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The job that the content names.
    pub(crate) job: Option<String>,
    pub(crate) number: Option<u64>,
    /// The error of a failed result.
    pub(crate) error: Option<String>,
    pub(crate) digest: u64,
}

impl Said {
    pub(crate) fn read(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let output = &value["output"];
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            job: output["job"].as_str().map(str::to_owned),
            number: output["number"].as_u64(),
            error: value.get("error").map(ToString::to_string),
            digest: hasher.finish(),
        }
    }
}

impl Ledger {
    pub(crate) fn with(jobs: Vec<Job>) -> Self {
        let mut ledger = Self::default();
        ledger.add(jobs);
        ledger
    }

    /// Adds jobs to the queue.
    pub(crate) fn add(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.queue.push_back(job.clone());
            self.entries.insert(job.id.clone(), Entry::of(job));
        }
        self.idle_takes = 0;
    }

    /// Records a request. Returns the number of earlier attempts at the same request.
    pub(crate) fn arrived(&mut self, asked: &Asked) -> u32 {
        if self.is_sealed && asked.route != Route::Barrier {
            self.offences.push(format!(
                "a request after the worker's exit: {:?}",
                asked.route
            ));
        }
        let attempt = match asked.route {
            Route::Take { in_progress, .. } => {
                self.take_arrived(&asked.worker, in_progress);
                self.asked += 1;
                self.asked - 1
            }
            Route::Stop => {
                self.stop_polls.push(Instant::now());
                self.stop_polls.len() - 1
            }
            Route::Item | Route::Progress | Route::Result => {
                self.posts += 1;
                self.entries.get(&asked.job).map_or(0, |entry| {
                    let posts = entry.posts.iter();
                    posts.filter(|post| post.route == asked.route).count()
                })
            }
            Route::Gate => {
                if let Some(entry) = self.entries.get_mut(&asked.job) {
                    entry.is_at_gate = true;
                }
                0
            }
            Route::Ping => {
                self.pings += 1;
                0
            }
            Route::Barrier => 0,
            Route::Unknown => {
                self.offences
                    .push("a request that no protocol defines".into());
                0
            }
        };
        u32::try_from(attempt).unwrap_or(u32::MAX)
    }

    fn take_arrived(&mut self, worker: &str, in_progress: bool) {
        self.takes.push(Instant::now());
        if !self.asking.insert(worker.to_owned()) {
            self.offences
                .push("a second job-take request while one is held".into());
        }
        if in_progress {
            return;
        }
        if self.queue.is_empty() {
            self.idle_takes += 1;
        }
        if self.open > 0 {
            let mut entries = self.entries.values();
            // A job that an earlier worker has left does not count as in progress, even though this worker delivers
            // its result.
            if let Some(open) = entries.find(|entry| entry.is_open() && entry.taker == worker) {
                let id = &open.job.id;
                self.offences.push(format!(
                    "a job-take request said that no job is in progress, but {id} is"
                ));
            }
        }
    }

    /// Records that the job-take request was answered or given up.
    pub(crate) fn take_ended(&mut self, worker: &str) {
        self.asking.remove(worker);
    }

    /// Takes at most `want` jobs from the queue.
    pub(crate) fn hand_out(&mut self, want: usize, worker: &str) -> Vec<Job> {
        let count = want.min(self.queue.len());
        let jobs: Vec<Job> = self.queue.drain(..count).collect();
        for job in &jobs {
            if let Some(entry) = self.entries.get_mut(&job.id) {
                entry.taken += 1;
                worker.clone_into(&mut entry.taker);
                self.open += usize::from(entry.taken == 1 && !entry.is_settled);
            }
        }
        jobs
    }

    /// Puts back jobs whose answer did not arrive. No worker has them.
    pub(crate) fn put_back(&mut self, jobs: Vec<Job>) {
        for job in jobs.into_iter().rev() {
            if let Some(entry) = self.entries.get_mut(&job.id) {
                entry.taken -= 1;
                self.open -= usize::from(entry.taken == 0 && !entry.is_settled);
            }
            self.queue.push_front(job);
        }
        self.idle_takes = 0;
    }

    /// Records a post and its outcome.
    pub(crate) fn posted(&mut self, asked: &Asked, outcome: Outcome) {
        let Some(entry) = self.entries.get_mut(&asked.job) else {
            let offence = format!("a post about {:?}, which was never handed out", asked.job);
            self.offences.push(offence);
            return;
        };
        if outcome == Outcome::Refused {
            self.refused += 1;
        }
        entry.posts.push(Posted {
            route: asked.route,
            worker: asked.worker.clone(),
            said: Said::read(&asked.body),
            outcome,
            kills: self.killed.len(),
        });
        if asked.route == Route::Result && outcome == Outcome::Seen {
            self.results += usize::from(!entry.is_settled);
            self.settle(&asked.job);
        }
    }

    /// Records an announcement of a handler.
    pub(crate) fn announced(&mut self, news: News<'_>, worker: &str) {
        let (News::Started(job) | News::Produced(job)) = news;
        if let Some(entry) = self.entries.get_mut(job) {
            match news {
                News::Started(_) => entry.started_by = Some(worker.to_owned()),
                News::Produced(_) => entry.produced = Some(Instant::now()),
            }
        }
    }

    /// Records that nothing is left to do for this job.
    pub(crate) fn settle(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id) {
            self.open -= usize::from(entry.is_open());
            entry.is_settled = true;
        }
    }

    /// Returns whether every job was handed out and nothing is left to do for any of them.
    pub(crate) fn is_settled(&self) -> bool {
        self.queue.is_empty() && self.open == 0
    }

    /// Returns whether every job is settled, or the worker itself says that it has nothing left to do.
    pub(crate) fn is_over(&self) -> bool {
        self.is_settled() || (self.queue.is_empty() && self.idle_takes > 1)
    }

    pub(crate) fn entry(&self, id: &str) -> &Entry {
        &self.entries[id]
    }

    /// Removes the settled jobs from this ledger and returns them, so that they can be judged now. A later post about
    /// one of them counts as a post about an unknown job.
    pub(crate) fn split_off_settled(&mut self) -> Self {
        let is_settled = |_: &String, entry: &mut Entry| entry.is_settled;
        Self {
            entries: self.entries.extract_if(is_settled).collect(),
            takes: std::mem::take(&mut self.takes),
            posts: std::mem::take(&mut self.posts),
            results: self.results,
            ..Self::default()
        }
    }

    /// Returns how many job-take requests and posts there were.
    pub(crate) fn requests(&self) -> usize {
        self.takes.len() + self.posts
    }

    /// Returns how many handlers have reached their gate.
    pub(crate) fn at_gates(&self) -> usize {
        let entries = self.entries.values();
        entries.filter(|entry| entry.is_at_gate).count()
    }
}

/// Returns the largest number of these moments that fall within one second. The moments must be in order.
pub(crate) fn most_in_a_second(moments: &[Instant]) -> usize {
    let second = Duration::from_secs(1);
    let mut first = 0;
    let mut most = 0;
    for (index, moment) in moments.iter().enumerate() {
        while moment.duration_since(moments[first]) >= second {
            first += 1;
        }
        most = most.max(index - first + 1);
    }
    most
}

impl Entry {
    fn of(job: Job) -> Self {
        Self {
            job,
            taken: 0,
            taker: String::new(),
            posts: Vec::new(),
            is_stopped: false,
            is_refused: false,
            is_disowned: false,
            is_settled: false,
            is_at_gate: false,
            started_by: None,
            produced: None,
        }
    }

    fn is_open(&self) -> bool {
        self.taken > 0 && !self.is_settled
    }

    /// Returns the accepted posts of a kind, whether the worker saw the answer or not.
    pub(crate) fn accepted(&self, route: Route) -> impl Iterator<Item = &Posted> {
        let posts = self.posts.iter();
        posts.filter(move |post| post.route == route && post.outcome != Outcome::Refused)
    }

    /// Returns whether a post of this kind has arrived, whatever the answer was.
    pub(crate) fn has_tried(&self, route: Route) -> bool {
        self.posts.iter().any(|post| post.route == route)
    }
}
