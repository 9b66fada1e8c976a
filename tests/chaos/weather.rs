//! The faults of a scenario: which requests they affect, and how often.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::dice::Dice;
use crate::fault::{Fault, MALFORMED};
use crate::route::Route;

/// All faults of a scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    rules: Vec<Rule>,
    outages: VecDeque<Outage>,
    current: Option<(Instant, Fault)>,
}

#[derive(Debug, Clone)]
struct Rule {
    on: On,
    chance: Chance,
    fault: Faults,
}

/// The requests that a fault affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Takes,
    Stops,
    Items,
    Progress,
    Results,
    /// Items, progress updates and results.
    Posts,
    /// All requests of the worker.
    All,
}

/// How often a fault occurs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Chance {
    /// The fault occurs for this share of the requests.
    Share(f64),
    /// The fault occurs for the first attempts of each post or poll, up to this number. All job-take requests count
    /// as attempts of one poll.
    First(u32),
}

#[derive(Debug, Clone, Copy)]
enum Faults {
    One(Fault),
    /// A random malformed answer.
    Malformed,
}

/// A period in which every request fails in the same way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    /// The outage starts when this many results were accepted.
    pub(crate) after_results: usize,
    pub(crate) lasting: Duration,
    pub(crate) with: Fault,
}

impl Weather {
    /// No faults.
    pub(crate) fn fair() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, on: On, chance: Chance, fault: Fault) -> Self {
        let fault = Faults::One(fault);
        self.rules.push(Rule { on, chance, fault });
        self
    }

    /// Answers job-take requests with something that is not a job.
    pub(crate) fn malformed_takes(mut self, chance: Chance) -> Self {
        self.rules.push(Rule {
            on: On::Takes,
            chance,
            fault: Faults::Malformed,
        });
        self
    }

    pub(crate) fn outage(mut self, outage: Outage) -> Self {
        self.outages.push_back(outage);
        self
    }

    /// Returns the fault for a request. `attempt` counts the attempts at the same request, from 0.
    pub(crate) fn befalls(
        &mut self,
        dice: &Dice,
        route: Route,
        job: &str,
        attempt: u32,
        results: usize,
    ) -> Option<Fault> {
        if matches!(route, Route::Gate | Route::Barrier) {
            return None;
        }
        if let Some(fault) = self.outage_now(results) {
            return Some(fault);
        }
        // The number of free slots must not change the random numbers.
        let kind = match route {
            Route::Take { .. } => "take".to_owned(),
            other => format!("{other:?}"),
        };
        for (number, rule) in self.rules.iter().enumerate() {
            let mut rng = dice.thrown_for(&(number, &kind, job, attempt));
            let is_met = match rule.chance {
                Chance::Share(share) => rng.f64() < share,
                Chance::First(count) => attempt < count,
            };
            if rule.on.covers(route) && is_met {
                return Some(match rule.fault {
                    Faults::One(fault) => fault,
                    Faults::Malformed => MALFORMED[rng.usize(..MALFORMED.len())],
                });
            }
        }
        None
    }

    fn outage_now(&mut self, results: usize) -> Option<Fault> {
        let now = Instant::now();
        if self.current.is_none_or(|(until, _)| until <= now) {
            self.current = None;
            if self
                .outages
                .front()
                .is_some_and(|next| next.after_results <= results)
            {
                let outage = self.outages.pop_front()?;
                self.current = Some((now + outage.lasting, outage.with));
            }
        }
        self.current.map(|(_, fault)| fault)
    }
}

impl On {
    fn covers(self, route: Route) -> bool {
        match self {
            Self::Takes => route.is_take(),
            Self::Stops => route == Route::Stop,
            Self::Items => route == Route::Item,
            Self::Progress => route == Route::Progress,
            Self::Results => route == Route::Result,
            Self::Posts => route.is_post(),
            Self::All => true,
        }
    }
}
