//! The endpoint's book: every job that was handed out, everything that was accepted, in the order in which it came.

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
    /// When each take arrived.
    pub(crate) takes: Vec<Instant>,
    /// When each stop poll arrived.
    pub(crate) stop_polls: Vec<Instant>,
    pub(crate) pings: usize,
    /// How many posts were not accepted.
    pub(crate) refused: usize,
    /// Posts, whatever was answered.
    pub(crate) posts: usize,
    /// Jobs whose result was accepted, and the worker could see it.
    pub(crate) results: usize,
    /// Jobs that were handed out and are not settled.
    pub(crate) open: usize,
    /// Takes that said that nothing is in progress, since the queue ran empty.
    pub(crate) idle_takes: usize,
    /// Ids for the next stop polls to name.
    pub(crate) stops: Vec<String>,
    pub(crate) open_gates: HashSet<String>,
    pub(crate) all_gates_open: bool,
    /// No worker is left: whatever comes now should not.
    pub(crate) is_sealed: bool,
    /// Workers that were killed, so that what they knew is lost.
    pub(crate) killed: HashSet<String>,
    /// What was seen to be wrong the moment it came.
    pub(crate) offences: Vec<String>,
    asking: HashSet<String>,
    /// Takes, of those that were split off too.
    asked: usize,
}

/// All about one job.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, true from some moment on"
)]
pub(crate) struct Entry {
    pub(crate) job: Job,
    /// How often it was handed out, in answers that arrived as far as the endpoint can know.
    pub(crate) taken: u32,
    /// Who took it last.
    taker: String,
    pub(crate) posts: Vec<Posted>,
    /// A stop poll has named it.
    pub(crate) is_stopped: bool,
    /// A post was answered so that trying again is of no use.
    pub(crate) is_refused: bool,
    /// A post was answered so that nobody wants the result.
    pub(crate) is_disowned: bool,
    /// Nothing is left to do for it, and the worker knows.
    pub(crate) is_settled: bool,
    /// Its handler waits, or has waited, at its gate.
    pub(crate) is_at_gate: bool,
    /// The worker in which its handler has begun.
    pub(crate) started_by: Option<String>,
    /// When its handler had made all that it was to make.
    pub(crate) produced: Option<Instant>,
}

/// One post about a job.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) route: Route,
    pub(crate) worker: String,
    pub(crate) said: Said,
    pub(crate) outcome: Outcome,
    /// How many workers had been killed when it came.
    pub(crate) kills: usize,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Refused,
    /// Accepted, and the answer said so.
    Seen,
    /// Accepted, and the answer was lost.
    Hidden,
}

/// What a post says, without its weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Whose it is, by its own words.
    pub(crate) job: Option<String>,
    pub(crate) number: Option<u64>,
    /// The text of a failed result.
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

    /// More jobs for the queue.
    pub(crate) fn add(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.queue.push_back(job.clone());
            self.entries.insert(job.id.clone(), Entry::of(job));
        }
        self.idle_takes = 0;
    }

    /// Enters a request, and counts which attempt it is at the same thing.
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
                    .push("a request that no protocol knows".into());
                0
            }
        };
        u32::try_from(attempt).unwrap_or(u32::MAX)
    }

    fn take_arrived(&mut self, worker: &str, in_progress: bool) {
        self.takes.push(Instant::now());
        if !self.asking.insert(worker.to_owned()) {
            self.offences.push("a second take while one is held".into());
        }
        if in_progress {
            return;
        }
        if self.queue.is_empty() {
            self.idle_takes += 1;
        }
        if self.open > 0 {
            let mut entries = self.entries.values();
            // What an earlier worker has left behind is not in progress, though this one delivers it.
            if let Some(open) = entries.find(|entry| entry.is_open() && entry.taker == worker) {
                let id = &open.job.id;
                self.offences.push(format!(
                    "a take said that no job is in progress, but {id} is"
                ));
            }
        }
    }

    /// The take is answered, or given up.
    pub(crate) fn take_ended(&mut self, worker: &str) {
        self.asking.remove(worker);
    }

    /// Takes jobs from the queue, at most so many.
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

    /// The answer with these jobs did not arrive: they are in nobody's hands.
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

    /// Enters a post with what became of it.
    pub(crate) fn posted(&mut self, asked: &Asked, outcome: Outcome) {
        let Some(entry) = self.entries.get_mut(&asked.job) else {
            let offence = format!("a post about {:?}, which nobody has handed out", asked.job);
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

    /// Enters what a handler announced.
    pub(crate) fn announced(&mut self, news: News<'_>, worker: &str) {
        let (News::Started(job) | News::Produced(job)) = news;
        if let Some(entry) = self.entries.get_mut(job) {
            match news {
                News::Started(_) => entry.started_by = Some(worker.to_owned()),
                News::Produced(_) => entry.produced = Some(Instant::now()),
            }
        }
    }

    /// Nothing more is to be done for this job.
    pub(crate) fn settle(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id) {
            self.open -= usize::from(entry.is_open());
            entry.is_settled = true;
        }
    }

    /// Every job was handed out, and nothing is left to do for any.
    pub(crate) fn is_settled(&self) -> bool {
        self.queue.is_empty() && self.open == 0
    }

    /// The same, or the worker says itself that it has nothing left to do.
    pub(crate) fn is_over(&self) -> bool {
        self.is_settled() || (self.queue.is_empty() && self.idle_takes > 1)
    }

    pub(crate) fn entry(&self, id: &str) -> &Entry {
        &self.entries[id]
    }

    /// Takes out what is settled, to be judged now. Whatever is still sent about it is then about nobody's job.
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

    /// How many takes and posts there were.
    pub(crate) fn requests(&self) -> usize {
        self.takes.len() + self.posts
    }

    /// Handlers that wait at their gate, or have.
    pub(crate) fn at_gates(&self) -> usize {
        let entries = self.entries.values();
        entries.filter(|entry| entry.is_at_gate).count()
    }
}

/// The most of these moments, which are in order, that lie within one second.
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

    /// The posts of a kind that were accepted, seen or hidden.
    pub(crate) fn accepted(&self, route: Route) -> impl Iterator<Item = &Posted> {
        let posts = self.posts.iter();
        posts.filter(move |post| post.route == route && post.outcome != Outcome::Refused)
    }

    /// Whether anything of the kind has arrived, whatever was answered.
    pub(crate) fn has_tried(&self, route: Route) -> bool {
        self.posts.iter().any(|post| post.route == route)
    }
}
