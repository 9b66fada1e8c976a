//! One run: clients, the platform, and its workers, in virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use runpod_local::{Limits, Timing, VirtualQueue};

use super::demand::{Demand, Profile};
use super::events::{Event, Time, Timeline, WorkerNumber, secs};
use super::jobs::Job;
use super::network::Network;
use super::outcome::Outcome;
use super::rules::Rules;
use super::scaling::Scaling;
use super::worker::Worker;

/// How long the platform holds a job-take request open.
pub(super) const HOLD: Time = 10_000_000_000;
pub(super) const PING_INTERVAL: Time = 2_000_000_000;

/// The queue's timers are at most this late. Otherwise, most of the simulation's work would be to remove old results.
const TICK: Duration = Duration::from_millis(50);

/// Everything that a run depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup {
    pub(super) rules: Rules,
    pub(super) profile: Profile,
    pub(super) demand: Demand,
    pub(super) network: Network,
    pub(super) scaling: Scaling,
    /// How often the machine of a worker fails, per hour.
    pub(super) deaths: f64,
    /// Whether the platform hands no jobs to a worker that it stops.
    pub(super) stops_hand_over: bool,
    /// Whether a worker exits after each job, to be replaced by a fresh one.
    pub(super) refreshes: bool,
    /// The number of slots changes between the profile's and this one, each time after this many seconds.
    pub(super) other_slots: Option<(usize, f64)>,
    pub(super) seed: u64,
}

#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) setup: Setup,
    pub(super) now: Time,
    pub(super) timeline: Timeline,
    pub(super) queue: VirtualQueue,
    /// The requests that the platform holds open, the oldest first. Requests that have ended meanwhile stay in it.
    pub(super) polls: VecDeque<(WorkerNumber, u64)>,
    pub(super) next_poll: u64,
    pub(super) workers: Vec<Worker>,
    /// The numbers of the workers that are not gone.
    pub(super) alive: Vec<WorkerNumber>,
    pub(super) jobs: Vec<Job>,
    pub(super) all_submitted: bool,
    /// The random numbers of the clients, so that all rules get the same jobs.
    clients: fastrand::Rng,
    next_tick: Duration,
    /// All other random numbers.
    pub(super) random: fastrand::Rng,
    /// The wanted numbers of workers in the last seconds.
    pub(super) wanted: VecDeque<usize>,
    pub(super) most_workers: usize,
    pub(super) drained: u64,
    pub(super) died: u64,
    /// Jobs that were handed to a worker which never ran them.
    pub(super) stranded: u64,
    pub(super) takes: u64,
    /// The sum of the lifetimes of all workers so far.
    pub(super) worker_time: u128,
}

pub(super) fn run(setup: &Setup) -> Outcome {
    Outcome::of(&simulate(setup))
}

/// Runs until every job has ended.
pub(super) fn simulate(setup: &Setup) -> Fleet {
    let mut fleet = Fleet::new(setup);
    while let Some((at, event)) = fleet.next_event() {
        fleet.advance(at);
        fleet.handle(event);
        fleet.hand_over();
        if fleet.is_over() {
            break;
        }
    }
    fleet
}

impl Fleet {
    fn new(setup: &Setup) -> Self {
        let timing = {
            let mut timing = Timing::default();
            // The results of ended jobs would fill the memory of this test.
            timing.run_retention = Duration::from_mins(1);
            timing.execution_timeout = Duration::from_hours(1);
            timing
        };
        let limits = {
            let mut limits = Limits::default();
            limits.queued_jobs = usize::MAX;
            limits.held_bytes = u64::MAX;
            limits
        };
        let mut fleet = Self {
            setup: *setup,
            now: 0,
            timeline: Timeline::default(),
            queue: VirtualQueue::new(limits, timing),
            polls: VecDeque::new(),
            next_poll: 0,
            workers: Vec::new(),
            alive: Vec::new(),
            jobs: Vec::new(),
            all_submitted: false,
            clients: fastrand::Rng::with_seed(setup.seed),
            random: fastrand::Rng::with_seed(setup.seed ^ 0xF1EE7),
            next_tick: Duration::ZERO,
            wanted: VecDeque::new(),
            most_workers: 0,
            drained: 0,
            died: 0,
            stranded: 0,
            takes: 0,
            worker_time: 0,
        };
        fleet.scale();
        fleet.next_submission();
        fleet
    }

    /// Returns the next event. Everything that is due in the queue before it happens first.
    fn next_event(&mut self) -> Option<(Time, Event)> {
        loop {
            let at = self.timeline.next_at()?;
            match self.queue.next_alarm() {
                Some(alarm) if alarm.max(self.next_tick) <= Duration::from_nanos(at) => {
                    let alarm = alarm.max(self.next_tick).max(self.time());
                    self.advance(Time::try_from(alarm.as_nanos()).expect("a run is short"));
                    self.queue.tick(alarm);
                    self.next_tick = alarm + TICK;
                    self.hand_over();
                }
                _ => return self.timeline.pop(),
            }
        }
    }

    fn advance(&mut self, to: Time) {
        assert!(to >= self.now, "the time runs backwards");
        self.worker_time += u128::from(to - self.now) * self.alive.len() as u128;
        self.now = to;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Submits => self.submit(),
            Event::Ready(worker) => self.ready(worker),
            Event::TakeArrives(worker, poll) => self.take_arrives(worker, poll),
            Event::HoldEnds(worker, poll) => self.hold_ends(worker, poll),
            Event::Answered(worker, poll, jobs) => self.answered(worker, poll, jobs),
            Event::Looks(worker) => {
                self.workers[worker].pauses = false;
                self.look(worker);
                self.may_exit(worker);
            }
            Event::PicksUp(worker, at) => self.picks_up(worker, at),
            Event::Returns(worker, job) => self.returns(worker, &[job]),
            Event::BatchDue(worker) => self.start_calls(worker),
            Event::CallEnds(worker, call) => self.call_ends(worker, call),
            Event::PostArrives(worker, job, attempt) => self.post_arrives(worker, job, attempt),
            Event::PostAnswered(worker, job, attempt, answer) => {
                self.post_answered(worker, job, attempt, answer);
            }
            Event::PostsAgain(worker, job, attempt) => self.post(worker, job, attempt),
            Event::Pings(worker) => self.ping(worker),
            Event::Dies(worker) => self.die(worker),
            Event::HangsUp(worker, poll) => self.hang_up(worker, poll),
            Event::PollClosed(worker, poll) => self.close_poll(worker, poll, true),
            Event::MayExit(worker) => self.may_exit(worker),
            Event::Scales => self.scale(),
        }
    }

    fn is_over(&self) -> bool {
        self.all_submitted && self.queue.waiting() == 0 && self.queue.running() == 0
    }

    fn submit(&mut self) {
        let length = self.setup.profile.length(&mut self.clients);
        let number = self.jobs.len() as u64;
        self.jobs.push(Job::new(length, self.now));
        assert!(self.queue.submit(number, self.time()), "the queue is full");
        self.next_submission();
    }

    fn next_submission(&mut self) {
        match self.setup.demand.next(self.now, &mut self.clients) {
            Some(at) => self.timeline.add(at, Event::Submits),
            None => self.all_submitted = true,
        }
    }

    /// Returns the time for the queue.
    pub(super) fn time(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    pub(super) fn after(&mut self, pause: Time, event: Event) {
        self.timeline.add(self.now + pause, event);
    }

    pub(super) fn one_way(&mut self) -> Time {
        self.setup.network.one_way(&mut self.random)
    }

    /// Returns the number of slots that a worker should have now.
    pub(super) fn wanted_slots(&self) -> usize {
        let usual = self.setup.profile.slots;
        match self.setup.other_slots {
            Some((other, period)) if (self.now / secs(period)) % 2 == 1 => other,
            _ => usual,
        }
    }
}
