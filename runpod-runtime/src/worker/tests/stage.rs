//! A platform whose answers each test defines, and a worker connected to it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::Secrets;
use crate::handler::{Choice, Dispatch, Handler, Modifier, TakenJob};
use crate::platform::{
    BoxFuture, FailedStart, Health, Platform, Post, PostKind, Posted, Reporter, StopSignals,
    TakeAnswer, Taken,
};
use crate::spool::SpoolWriter;
use crate::worker::shutdown::Shutdown;
use crate::worker::{ConcurrencyConfig, Ended, Handlers, Parts, WorkerConfig, run};

/// Longer than anything that a worker does on its own.
const LONG: Duration = Duration::from_hours(2);

/// A request from the worker. The log records when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    Take,
    Stop,
    /// A heartbeat with the ids of the jobs that it names.
    Beat(Vec<String>),
    Ping(String),
    /// A post: the job's id, the kind, and the body.
    Post(String, &'static str, String),
}

type Answer<Q, A> = Mutex<Box<dyn FnMut(Q) -> Option<A> + Send>>;

/// If an answer is `None`, the request is held forever.
pub(super) struct Stage {
    takes: Answer<usize, TakeAnswer>,
    stops: Answer<usize, StopSignals>,
    posts: Answer<Post, Posted>,
    log: watch::Sender<Vec<(Instant, Event)>>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            takes: Mutex::new(Box::new(|_| None)),
            stops: Mutex::new(Box::new(|_| None)),
            posts: Mutex::new(Box::new(|_| Some(Posted::Accepted))),
            log: watch::Sender::default(),
        }
    }

    /// Sets the answers to job-take requests, which are counted from 0.
    pub(super) fn takes<A: Into<TakeAnswer>>(
        self,
        mut answer: impl FnMut(usize) -> Option<A> + Send + 'static,
    ) -> Self {
        *self.takes.lock().unwrap() = Box::new(move |number| answer(number).map(Into::into));
        self
    }

    /// Hands over these jobs on the first job-take request and none later.
    pub(super) fn jobs(self, ids: &[&str]) -> Self {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        self.takes(move |number| (number == 0).then(|| jobs(&ids)))
    }

    pub(super) fn stops(
        self,
        answer: impl FnMut(usize) -> Option<StopSignals> + Send + 'static,
    ) -> Self {
        *self.stops.lock().unwrap() = Box::new(answer);
        self
    }

    pub(super) fn posts(self, answer: impl FnMut(Post) -> Option<Posted> + Send + 'static) -> Self {
        *self.posts.lock().unwrap() = Box::new(answer);
        self
    }

    fn record(&self, event: Event) {
        self.log
            .send_modify(|log| log.push((Instant::now(), event)));
    }

    pub(super) fn log(&self) -> Vec<(Instant, Event)> {
        self.log.borrow().clone()
    }

    pub(super) fn times(&self, is: impl Fn(&Event) -> bool) -> Vec<Instant> {
        let log = self.log();
        let matching = log.into_iter().filter(|(_, event)| is(event));
        matching.map(|(when, _)| when).collect()
    }

    /// Returns the bodies that were posted for a job, such as `item {…}` or `result {…}`.
    pub(super) fn posted(&self, job: &str) -> Vec<String> {
        let log = self.log();
        let posts = log.into_iter().filter_map(|(_, event)| match event {
            Event::Post(id, kind, body) if id == job => Some(format!("{kind} {body}")),
            _ => None,
        });
        posts.collect()
    }

    /// Returns the ids of the jobs for which something of this kind was posted, in order.
    pub(super) fn posted_to(&self, kind: &str) -> Vec<String> {
        let log = self.log();
        let posts = log.into_iter().filter_map(|(_, event)| match event {
            Event::Post(id, of, _) if of == kind => Some(id),
            _ => None,
        });
        posts.collect()
    }

    pub(super) async fn until(&self, holds: impl Fn(&[Event]) -> bool) {
        let mut log = self.log.subscribe();
        let held = log.wait_for(|log| {
            let events: Vec<_> = log.iter().map(|(_, event)| event.clone()).collect();
            holds(&events)
        });
        let reached = timeout(LONG, held).await;
        assert!(
            reached.is_ok(),
            "the condition never held: {}",
            self.shown()
        );
    }

    fn shown(&self) -> String {
        let mut text = String::new();
        for (_, event) in self.log().iter().take(50) {
            let _ = write!(text, "\n{event:?}");
        }
        text
    }

    fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.times(is).len()
    }
}

impl Platform for Stage {
    fn take(&self, _want: usize, _in_progress: bool) -> BoxFuture<'_, TakeAnswer> {
        let number = self.count(|event| *event == Event::Take);
        self.record(Event::Take);
        answer(&self.takes, number)
    }

    fn stop_signals(&self) -> Option<BoxFuture<'_, StopSignals>> {
        let number = self.count(|event| *event == Event::Stop);
        self.record(Event::Stop);
        Some(answer(&self.stops, number))
    }

    fn ping(&self, health: Health<'_>) -> Option<BoxFuture<'_, ()>> {
        match health {
            Health::Unhealthy { check, reason } => {
                self.record(Event::Ping(format!("{check}: {reason}")));
            }
            // The worker calls this once without jobs to find out whether the platform wants heartbeats.
            Health::Working([]) => {}
            Health::Working(jobs) => self.record(Event::Beat(jobs.to_vec())),
        }
        Some(Box::pin(std::future::ready(())))
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Posted> {
        let kind = match post.kind {
            PostKind::Item => "item",
            PostKind::Progress => "progress",
            PostKind::Result { .. } => "result",
        };
        let body = String::from_utf8_lossy(&post.body).into_owned();
        self.record(Event::Post(post.job_id.to_string(), kind, body));
        answer(&self.posts, post.clone())
    }
}

fn answer<'a, Q, A: Send + 'a>(answers: &Answer<Q, A>, question: Q) -> BoxFuture<'a, A> {
    // An answer may panic, because a platform may panic too.
    match (answers.lock().unwrap_or_else(PoisonError::into_inner))(question) {
        Some(answer) => Box::pin(std::future::ready(answer)),
        None => Box::pin(std::future::pending()),
    }
}

/// Returns how many progress updates were posted.
pub(super) fn begun(events: &[Event]) -> usize {
    let is_progress = |event: &&Event| matches!(event, Event::Post(_, "progress", _));
    events.iter().filter(is_progress).count()
}

/// Returns how many results were posted.
pub(super) fn results(events: &[Event]) -> usize {
    let is_result = |event: &&Event| matches!(event, Event::Post(_, "result", _));
    events.iter().filter(is_result).count()
}

/// Returns a job whose input is its id.
pub(super) fn job(id: &str) -> TakenJob {
    TakenJob {
        id: id.to_owned(),
        input: RawValue::from_string(format!("{id:?}")).unwrap(),
        webhook: None,
        extra: serde_json::Map::new(),
        handler: None,
        #[cfg(all(feature = "http", feature = "otel"))]
        request: None,
    }
}

/// Returns the answer to a job-take request that hands over these jobs.
pub(super) fn jobs<I: AsRef<str>>(ids: impl IntoIterator<Item = I>) -> Taken {
    Taken::Jobs(ids.into_iter().map(|id| Ok(job(id.as_ref()))).collect())
}

pub(super) fn later() -> Posted {
    Posted::Later {
        why: "trouble".to_owned(),
        after: None,
    }
}

/// A worker connected to a stage.
pub(super) struct Playing {
    pub(super) stage: Arc<Stage>,
    pub(super) shutdown: Shutdown,
    running: JoinHandle<Ended>,
}

/// Options that differ from those of a worker that runs one job at a time.
#[derive(Default)]
pub(super) struct Setting {
    pub(super) concurrency: usize,
    pub(super) spool: Option<SpoolWriter>,
    /// The worker's id, if it is not `w1`.
    pub(super) worker_id: Option<&'static str>,
    pub(super) max_consecutive_failures: usize,
    pub(super) modifier: Option<Modifier>,
    /// Whether the worker chooses the concurrency itself.
    pub(super) auto: bool,
    pub(super) route: Option<&'static str>,
    pub(super) refresh_worker: bool,
    pub(super) failed_start: Option<FailedStart>,
}

/// Starts the worker on the test's runtime.
pub(super) fn play(stage: Stage, handler: Handler, setting: Setting) -> Playing {
    let stage = Arc::new(stage);
    let shutdown = Shutdown::default();
    let choice = Choice {
        route: setting.route,
        ..Choice::default()
    };
    let parts = Parts {
        platform: Arc::clone(&stage) as _,
        dispatch: Dispatch::choose(vec![handler], choice, None).unwrap(),
        state: None,
        config: WorkerConfig {
            concurrency: ConcurrencyConfig {
                jobs: (setting.concurrency > 0).then_some(setting.concurrency),
                modifier: setting.modifier,
                auto: setting.auto,
                ..ConcurrencyConfig::NEW
            },
            max_consecutive_failures: setting.max_consecutive_failures.try_into().ok(),
            refresh_worker: setting.refresh_worker,
            ..WorkerConfig::NEW
        },
        ping_interval: Duration::from_secs(10),
        shutdown_grace: Duration::from_mins(1),
        signals: None,
        stop: CancellationToken::new(),
        failed_start: setting.failed_start,
        ready: Box::new(|| ()),
        reporter: Reporter {
            hostname: "host".to_owned(),
            worker_id: "w1".to_owned(),
            secrets: Secrets::default(),
            debugger: None,
            reports_streams_alike: false,
        },
        spool: setting.spool,
        worker_id: setting.worker_id.unwrap_or("w1").into(),
        handlers: Handlers::current(),
    };
    Playing {
        stage,
        running: tokio::spawn(run(parts, shutdown.clone())),
        shutdown,
    }
}

impl Playing {
    /// Tells the worker to stop, like the first SIGTERM, and waits until it has stopped.
    pub(super) async fn end(self) -> Ended {
        self.shutdown.end();
        self.ended().await
    }

    /// Waits until the worker stops on its own.
    pub(super) async fn ended(self) -> Ended {
        let ended = timeout(LONG, self.running).await;
        ended
            .expect("the worker stops in time")
            .expect("the worker does not panic")
    }
}
