//! Properties of every run, and the page.

use super::demand::Profile;
use super::experiments::{fixed, scaled};
use super::outcome::Outcome;
use super::report;
use super::rules::Rules;
use super::run::{Setup, run};
use super::scaling::Scaling;

/// Runs with little traffic but with every fault, each rule, and each kind of job.
fn hard_setups() -> Vec<Setup> {
    let kinds = [
        (Profile::EMBEDDINGS, 30.0),
        (Profile::BATCHED, 60.0),
        (Profile::CHAT, 4.0),
        (Profile::IMAGES, 2.0),
    ];
    let rules = [Rules::OURS, Rules::SDK].into_iter();
    let rules = rules.chain(Rules::variants());
    let setups = rules.flat_map(|rules| {
        kinds.map(|(profile, rate)| {
            let mut setup = scaled(rules, profile, rate, 60.0);
            setup.network.refused = 0.05;
            setup.network.reset = 0.02;
            setup.network.late = 0.02;
            setup.network.outage = (30.0, 35.0);
            setup.deaths = 60.0;
            setup.refreshes = profile.slots == 1;
            setup.other_slots = Some((2, 7.0)).filter(|_| profile.slots == 8);
            setup.scaling = Scaling {
                idle: 5,
                ..Scaling::up_to(20, 2)
            };
            setup
        })
    });
    setups.collect()
}

fn assert_conserves(it: &Outcome, setup: &Setup) {
    let name = format!("{}, {}: {it:#?}", setup.rules.name, setup.profile.name);
    // `Outcome::of` asserts that no job ends twice.
    assert!(it.jobs > 0, "{name}");
    assert!(it.runs as usize >= it.jobs - it.failed, "{name}");
    assert!(it.unexplained < 1e-6, "{name}");
    assert!(it.most_workers <= setup.scaling.max, "{name}");
    assert!((it.gpu - it.worker_time).abs() < 1e-6 * it.gpu, "{name}");
    assert!(it.busy <= it.gpu, "{name}");
    let stopped = (it.drained + it.died) as usize;
    let most = stopped + setup.scaling.max;
    assert!(setup.refreshes || it.started_workers <= most, "{name}");
}

#[test]
fn whatever_fails_every_job_has_one_end_and_every_second_of_a_worker_is_counted() {
    for setup in hard_setups() {
        assert_conserves(&run(&setup), &setup);
    }
}

#[test]
fn our_rules_give_up_no_result_and_fail_no_job() {
    let ours = hard_setups();
    let ours = ours.iter().filter(|it| it.rules.name == Rules::OURS.name);
    for setup in ours {
        // A machine that fails four times under the same job would fail this job.
        let outcome = run(&Setup {
            deaths: 0.0,
            ..*setup
        });
        assert_eq!((outcome.dropped, outcome.failed), (0, 0), "{outcome:#?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let setup = Setup {
        deaths: 6.0,
        ..scaled(Rules::OURS, Profile::CHAT, 4.0, 60.0)
    };
    assert_eq!(run(&setup), run(&setup));
    let other = Setup { seed: 16, ..setup };
    assert_ne!(run(&setup), run(&other));
}

#[test]
fn two_hundred_workers_finish_ten_thousand_jobs_per_second() {
    let profile = Profile {
        cold_start: 0.0,
        ..Profile::BATCHED
    };
    let setup = fixed(Rules::OURS, profile, 10_000.0, 1.0);
    let outcome = run(&setup);
    assert_conserves(&outcome, &setup);
    assert!(outcome.jobs > 9_500 && outcome.p99 < 0.3, "{outcome:#?}");
}

#[test]
#[ignore = "simulates millions of jobs; the command at the top of this test program runs it"]
fn the_page_shows_all_results() {
    report::write();
}

#[test]
fn the_page_shows_the_results_of_refreshes_and_a_changing_concurrency() {
    report::write_small();
}
