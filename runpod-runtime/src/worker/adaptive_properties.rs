//! What the controller guarantees, whatever happens, and whenever it happens.

use std::time::Duration;

use proptest::prelude::*;

use super::adaptive::{Begin, Bounds, Controller, Outcome};

/// Something that happens some time after the previous event.
#[derive(Debug, Clone)]
enum Event {
    /// Jobs get all free slots, up to this number.
    Start { jobs: usize },
    /// One of the running jobs ends.
    Finish { index: usize, outcome: Outcome },
    /// A job disappears: its slot becomes free, and nothing else is known.
    Vanish { index: usize },
    /// Nothing but time. The clock of a machine may also go backwards.
    Pass,
}

fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    let outcome = prop_oneof![
        8 => Just(Outcome::Succeeded),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Unknown),
    ];
    let event = prop_oneof![
        4 => (1_usize..100).prop_map(|jobs| Event::Start { jobs }),
        8 => (any::<usize>(), outcome).prop_map(|(index, outcome)| Event::Finish { index, outcome }),
        1 => any::<usize>().prop_map(|index| Event::Vanish { index }),
        1 => Just(Event::Pass),
    ];
    prop::collection::vec((-1_i64..2000, event), 1..500)
}

struct Run {
    controller: Controller,
    bounds: Bounds,
    running: Vec<Begin>,
    now: Duration,
    most_at_once: usize,
}

impl Run {
    fn new(min: usize, more: usize) -> Self {
        let bounds = Bounds {
            min,
            max: min + more,
        };
        Self {
            controller: Controller::new(bounds),
            bounds,
            running: Vec::new(),
            now: Duration::ZERO,
            most_at_once: 0,
        }
    }

    fn start(&mut self, jobs: usize) {
        let free = self.controller.limit().saturating_sub(self.running.len());
        for _ in 0..jobs.min(free) {
            self.running.push(self.controller.begins(self.now));
        }
        self.observe();
        self.most_at_once = self.most_at_once.max(self.running.len());
    }

    fn end(&mut self, index: usize, outcome: Option<Outcome>) {
        if self.running.is_empty() {
            return;
        }
        let begin = self.running.swap_remove(index % self.running.len());
        if let Some(outcome) = outcome {
            self.controller.finished(begin, outcome, self.now);
        }
        self.observe();
    }

    /// All slots get jobs, which need a second. Then this many of them are stopped, and the others succeed.
    fn second(&mut self, stopped: usize) {
        self.start(usize::MAX);
        self.now += Duration::from_secs(1);
        for _ in 0..stopped {
            self.end(0, Some(Outcome::Unknown));
        }
        while !self.running.is_empty() {
            self.end(0, Some(Outcome::Succeeded));
        }
    }

    fn observe(&mut self) {
        self.controller.observe(self.running.len(), self.now);
    }

    fn check(&self) {
        let limit = self.controller.limit();
        assert!((self.bounds.min..=self.bounds.max).contains(&limit));
        // A limit is only tried if all slots of the limit before were in use.
        assert!(limit <= (2 * self.most_at_once).max(self.bounds.min));
    }
}

#[test]
fn jobs_that_are_stopped_do_not_make_the_others_look_slow() {
    // Six slots have twice the throughput of three. More are not allowed, so a pause begins after seven seconds.
    let mut run = Run::new(3, 3);
    for _ in 0..10 {
        run.second(0);
    }
    assert_eq!(run.controller.limit(), 6);
    // The pause lasts longer than this.
    for second in 0..30 {
        run.second(4);
        assert_eq!(run.controller.limit(), 6, "after {second} s");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_limit_stays_within_its_bounds_and_does_not_grow_without_use(
        min in 1_usize..6,
        more in 0_usize..70,
        events in events(),
    ) {
        let mut run = Run::new(min, more);
        for (pause, event) in events {
            let pause_ms = u64::try_from(pause).unwrap_or(0);
            run.now += Duration::from_millis(pause_ms);
            match event {
                Event::Start { jobs } => run.start(jobs),
                Event::Finish { index, outcome } => run.end(index, Some(outcome)),
                Event::Vanish { index } => run.end(index, None),
                Event::Pass if pause < 0 => {
                    let earlier = run.now.saturating_sub(Duration::from_secs(1));
                    run.controller.observe(run.running.len(), earlier);
                }
                Event::Pass => run.observe(),
            }
            run.check();
        }
    }

    #[test]
    fn with_at_most_a_few_jobs_at_once_the_limit_is_at_most_twice_as_high(
        few in 1_usize..5,
        pauses in prop::collection::vec(0_u64..3000, 100..500),
    ) {
        let mut run = Run::new(1, 63);
        for pause in pauses {
            run.start(few.saturating_sub(run.running.len()));
            run.now += Duration::from_millis(pause);
            run.end(0, Some(Outcome::Succeeded));
            run.check();
        }
        prop_assert!(run.controller.limit() <= 2 * few);
    }
}
