//! Compares rules for the number of jobs at once.

mod machine;
mod report;
mod rules;
mod run;
mod scenario;

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use rules::{Fixed, Guide, Ours, Rule};
use run::{Outcome, run};
use scenario::{MOST, Scenario};

const SEED: u64 = 15;
/// Other traffic, for the bounds.
const SEEDS: RangeInclusive<u64> = 1..=4;
const KNEE: usize = 16;

/// The results of all rules in one scenario.
struct Row {
    scenario: Scenario,
    ours: Outcome,
    /// One job at a time, as many jobs as the knee, and four times as many.
    fixed: [Outcome; 3],
    guide: Outcome,
}

impl Row {
    fn of(scenario: Scenario) -> Self {
        let with = |mut rule: Box<dyn Rule>| run(&scenario, SEED, &mut *rule);
        let knee = scenario.knee;
        Self {
            ours: with(Box::new(Ours::new(1, MOST))),
            fixed: [1, knee, (4 * knee).min(MOST)].map(|jobs| with(Box::new(Fixed(jobs)))),
            guide: with(Box::new(Guide::new())),
            scenario,
        }
    }
}

/// The results of all scenarios, computed once for all tests.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let scenarios = [
        Scenario::knee(KNEE),
        Scenario::knee(1),
        Scenario::no_knee(),
        Scenario::soft(8),
        Scenario::cliff(12),
        Scenario::knee_with_different_jobs(KNEE),
        Scenario::half_load(KNEE),
        Scenario::few_jobs(KNEE),
        Scenario::changes(KNEE, 6),
    ];
    scenarios.into_iter().map(Row::of).collect()
});

/// Runs our rule with several seeds.
fn runs(scenario: &Scenario) -> impl Iterator<Item = Outcome> {
    SEEDS.map(|seed| run(scenario, seed, &mut Ours::new(1, MOST)))
}

#[test]
fn the_limit_converges_to_the_knee() {
    for knee in [1, 2, 5, 8, 16, 40] {
        let scenario = Scenario::knee(knee);
        let best = run(&scenario, SEED, &mut Fixed(knee)).throughput;
        for it in runs(&scenario) {
            let usual = it.usual_limit() as f64 / knee as f64;
            assert!((0.7..=1.5).contains(&usual), "{knee}: {usual:.2}");
            let share = it.throughput / best;
            assert!(share >= 0.9, "{knee}: {share:.2}");
            let reached = it.reached(knee).expect("the knee is reached");
            assert!(reached <= 40.0, "{knee}: {reached:.0} s");
        }
    }
}

#[test]
fn the_limit_hardly_changes_once_it_is_right() {
    for scenario in [
        Scenario::knee(5),
        Scenario::knee(KNEE),
        Scenario::cliff(12),
        Scenario::no_knee(),
        Scenario::half_load(KNEE),
    ] {
        for it in runs(&scenario) {
            let changes = it.changes_per_1000_jobs();
            assert!(changes <= 1.5, "{}: {changes:.2}", scenario.name);
        }
    }
}

#[test]
fn jobs_of_very_different_lengths_only_slow_it_down() {
    let scenario = Scenario::knee_with_different_jobs(KNEE);
    for it in runs(&scenario) {
        let usual = it.usual_limit();
        assert!((8..=32).contains(&usual), "{usual}");
    }
}

#[test]
fn a_cliff_costs_little_and_is_not_visited_again_and_again() {
    let scenario = Scenario::cliff(12);
    let best = run(&scenario, SEED, &mut Fixed(12)).throughput;
    for it in runs(&scenario) {
        assert!(it.throughput >= 0.8 * best, "{:.1}", it.throughput);
        assert!(it.usual_limit() <= 12);
    }
}

#[test]
fn few_jobs_are_no_evidence() {
    for it in runs(&Scenario::few_jobs(KNEE)) {
        let highest = it.limits.iter().map(|it| it.1).max();
        assert!(highest <= Some(4), "{highest:?}");
    }
}

#[test]
fn after_a_change_the_limit_follows() {
    let scenario = Scenario::changes(KNEE, 6);
    for it in runs(&scenario) {
        let usual = it.usual_limit();
        assert!((4..=9).contains(&usual), "{usual}");
        let before = it.limits.iter().rfind(|it| it.0 < 1000.0);
        let before = before.expect("there is a limit").1;
        assert!((11..=32).contains(&before), "{before}");
    }
}

#[test]
fn no_other_rule_is_near_the_best_one_everywhere() {
    let best = |row: &Row| row.fixed[1].throughput;
    for row in &*ROWS {
        let ours = row.ours.throughput / best(row);
        assert!(ours >= 0.85, "{}: {ours:.2}", row.scenario.name);
    }
    for other in [
        |row: &Row| row.fixed[0].throughput,
        |row: &Row| row.guide.throughput,
    ] {
        let worst = ROWS.iter().map(|row| other(row) / best(row));
        assert!(worst.fold(1.0, f64::min) < 0.2);
    }
    // Four times the knee has the throughput, but also four times the latency.
    let knee = &ROWS[0];
    assert!(knee.fixed[2].latency.p50 > 3.0 * knee.ours.latency.p50);
}

#[test]
fn the_page_shows_these_results() {
    report::write();
}
