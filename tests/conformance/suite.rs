//! Plays every case with both workers, once for all tests of this program.

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::compare::{Finding, compare};
use crate::differences::{DIFFERENCES, Difference, Occurs, allowing};
use crate::peer::{Peer, Programs};
use crate::play::play;
use crate::record::Run;
use crate::script::Case;
use crate::{cases, local, table};

/// How many workers run at the same time. This can be more than the number of cores, because workers mostly wait.
const AT_A_TIME: usize = 10;

/// A case and the requests of both workers.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) case: Case,
    pub(crate) sdk: Run,
    pub(crate) ours: Run,
}

/// The results of all cases.
#[derive(Debug)]
pub(crate) struct Suite {
    played: Vec<Played>,
    /// Runs that failed.
    pub(crate) failures: Vec<String>,
    findings: Vec<(Finding, Option<&'static Difference>)>,
    /// Whether only some of the cases were requested. In that case, an entry of `DIFFERENCES` may still be needed
    /// although its difference did not occur.
    pub(crate) is_partial: bool,
}

/// Returns the suite, which is played on first use.
pub(crate) fn suite() -> &'static Suite {
    static SUITE: OnceLock<Suite> = OnceLock::new();
    SUITE.get_or_init(|| {
        let programs = Programs::find().unwrap_or_else(|error| panic!("{error}"));
        let runtime = tokio::runtime::Runtime::new().expect("the runtime can be created");
        let suite = runtime.block_on(play_all(programs));
        let table = table::markdown(&suite);
        println!("{table}");
        std::fs::write(programs.folder.join("table.md"), &table).expect("the table can be written");
        suite
    })
}

async fn play_all(programs: &'static Programs) -> Suite {
    // During development, `RUNPOD_CONFORMANCE_CASE=text` selects the cases whose names contain this text.
    let only = std::env::var("RUNPOD_CONFORMANCE_CASE").ok();
    let is_wanted = |name: &str| {
        only.as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
    };
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let mut playing = JoinSet::new();
    for case in cases::all().into_iter().filter(|case| is_wanted(case.name)) {
        let turns = Arc::clone(&turns);
        playing.spawn(async move {
            let run = |peer| play(&case, peer, programs);
            let both = both(case.name, &turns, run(Peer::Sdk), run(Peer::Ours)).await;
            both.map(|(sdk, ours)| Played { case, sdk, ours })
        });
    }
    let mut running = JoinSet::new();
    for local in local::RUNS.iter().filter(|local| is_wanted(local.name)) {
        let turns = Arc::clone(&turns);
        running.spawn(async move {
            let run = |peer| local::run(local, peer, programs);
            let both = both(local.name, &turns, run(Peer::Sdk), run(Peer::Ours)).await;
            both.map(|(sdk, ours)| local::compare(local, sdk, ours))
        });
    }
    let mut suite = Suite {
        played: Vec::new(),
        failures: Vec::new(),
        findings: Vec::new(),
        is_partial: only.is_some(),
    };
    for played in playing.join_all().await {
        match played {
            Ok(played) => suite.add(played),
            Err(failures) => suite.failures.extend(failures),
        }
    }
    for compared in running.join_all().await {
        match compared {
            Ok(finding) => suite.note(finding),
            Err(failures) => suite.failures.extend(failures),
        }
    }
    suite
}

/// Runs both workers. Each one waits until fewer than the maximum number of workers run.
async fn both<T>(
    name: &str,
    turns: &Semaphore,
    sdk: impl Future<Output = Result<T, String>>,
    ours: impl Future<Output = Result<T, String>>,
) -> Result<(T, T), Vec<String>> {
    match tokio::join!(in_turn(turns, sdk), in_turn(turns, ours)) {
        (Ok(sdk), Ok(ours)) => Ok((sdk, ours)),
        (sdk, ours) => {
            let failure = |peer: Peer, error: String| format!("{name} ({}): {error}", peer.name());
            let sdk = sdk.err().map(|error| failure(Peer::Sdk, error));
            let ours = ours.err().map(|error| failure(Peer::Ours, error));
            Err(sdk.into_iter().chain(ours).collect())
        }
    }
}

async fn in_turn<T>(turns: &Semaphore, run: impl Future<Output = T>) -> T {
    let turn = turns.acquire().await;
    let _turn = turn.expect("the semaphore is never closed");
    run.await
}

impl Suite {
    fn add(&mut self, played: Played) {
        self.note(compare(&played.case, &played.sdk, &played.ours));
        self.played.push(played);
    }

    fn note(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            let difference = allowing(&finding);
            self.findings.push((finding, difference));
        }
    }

    /// Returns the case with that name, unless it was left out or failed.
    pub(crate) fn played(&self, case: &str) -> Option<&Played> {
        self.played.iter().find(|played| played.case.name == case)
    }

    /// Returns the differences that no entry of the list allows.
    pub(crate) fn unexplained(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter_map(|(finding, difference)| difference.is_none().then_some(finding))
    }

    /// Returns how often a difference occurred.
    pub(crate) fn met(&self, name: &str) -> usize {
        let differences = self
            .findings
            .iter()
            .filter_map(|(_, difference)| *difference);
        differences
            .filter(|difference| difference.name == name)
            .count()
    }

    /// Returns the entries of the list that are not needed.
    pub(crate) fn stale(&self) -> impl Iterator<Item = &'static str> {
        let due = DIFFERENCES
            .iter()
            .filter(|difference| !self.is_partial && difference.occurs == Occurs::Always);
        due.map(|difference| difference.name)
            .filter(|name| self.met(name) == 0)
    }
}
