//! Compares rules for batches on a model with a linear cost.

mod model;
mod report;
mod rules;
mod run;

use std::sync::LazyLock;
use std::time::Duration;

use crate::schedule::Limits;
use model::Model;
use rules::{BentoMl, Ours, Rule, Threshold, Window};
use run::{Outcome, closed, run};

/// The loads, as shares of the model's capacity.
const LOADS: [f64; 9] = [0.01, 0.03, 0.08, 0.16, 0.33, 0.65, 0.9, 0.98, 1.1];
/// The numbers of clients that wait for their results.
const CLIENTS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
const JOBS: usize = 10_000;
const SEED: u64 = 15;
const MAX_WAIT: Duration = Duration::from_millis(50);

/// The results of all rules for the same traffic.
struct Row {
    /// Jobs per second, or the number of clients.
    traffic: f64,
    ours: Outcome,
    windows: [Outcome; 2],
    bentoml: Outcome,
    oracle: Outcome,
}

/// Runs all rules. The oracle tries every threshold on the same traffic, and takes the best one.
fn compare(
    model: Model,
    traffic: f64,
    thresholds: usize,
    with: &dyn Fn(&mut dyn Rule) -> Outcome,
) -> Row {
    let most = model.max_batch_size;
    let limits = Limits {
        max_batch_size: most,
        max_wait: MAX_WAIT,
        ..Limits::NEW
    };
    let oracle = (1..=thresholds.min(most))
        .map(|threshold| with(&mut Threshold::new(threshold, most)))
        .min_by(|a, b| a.latency.mean.total_cmp(&b.latency.mean))
        .expect("there is a threshold");
    Row {
        traffic,
        ours: with(&mut Ours::new(limits)),
        windows: [10, 50].map(|ms| with(&mut Window::new(ms, most))),
        bentoml: with(&mut BentoMl::new(most)),
        oracle,
    }
}

/// The results at each of [`LOADS`], computed once for all tests.
static OPEN_GPU: LazyLock<Vec<Row>> = LazyLock::new(|| open_loop(Model::GPU));
static OPEN_CPU: LazyLock<Vec<Row>> = LazyLock::new(|| open_loop(Model::CPU));
/// The results with each of [`CLIENTS`].
static CLOSED: LazyLock<Vec<Row>> = LazyLock::new(|| closed_loop(Model::GPU));

fn open_loop(model: Model) -> Vec<Row> {
    let rows = LOADS.iter().map(|load| {
        let rate = load * model.capacity();
        compare(model, rate, usize::MAX, &|rule| {
            run(model, rate, JOBS, SEED, rule)
        })
    });
    rows.collect()
}

fn closed_loop(model: Model) -> Vec<Row> {
    let rows = CLIENTS.iter().map(|clients| {
        // With fewer clients than the threshold, no call would ever start.
        let thresholds = *clients;
        compare(model, *clients as f64, thresholds, &|rule| {
            closed(model, *clients, JOBS, SEED, rule)
        })
    });
    rows.collect()
}

#[test]
fn the_mean_latency_is_near_the_best_possible_one_at_every_load() {
    for (load, row) in LOADS
        .iter()
        .zip(&*OPEN_GPU)
        .chain(LOADS.iter().zip(&*OPEN_CPU))
    {
        let (ours, oracle) = (row.ours.latency.mean, row.oracle.latency.mean);
        // Near saturation, the oracle knows that full calls are needed before the queue is long.
        let factor = if (0.95..1.0).contains(load) {
            1.25
        } else {
            1.03
        };
        assert!(
            ours <= factor * oracle,
            "{:.0} jobs/s: {ours:.1} ms, oracle {oracle:.1} ms",
            row.traffic
        );
        assert!(row.ours.throughput >= 0.99 * row.oracle.throughput);
    }
}

#[test]
fn a_fixed_window_is_slower_at_low_load_and_not_faster_otherwise() {
    for row in OPEN_GPU.iter().take(2) {
        for (window, factor) in row.windows.iter().zip([1.25, 2.4]) {
            assert!(window.latency.mean >= factor * row.ours.latency.mean);
            assert!(window.latency.p50 >= factor * row.ours.latency.p50);
        }
    }
    for (_, row) in LOADS.iter().zip(&*OPEN_GPU).filter(|it| *it.0 < 0.95) {
        for other in [row.windows[0], row.windows[1], row.bentoml] {
            assert!(row.ours.latency.mean <= 1.01 * other.latency.mean);
        }
    }
}

#[test]
fn clients_that_wait_for_their_results_are_served_together() {
    for (clients, row) in CLIENTS.iter().zip(&*CLOSED) {
        if (2..=8).contains(clients) {
            assert!(
                row.ours.throughput >= 1.09 * row.bentoml.throughput,
                "{clients}"
            );
        }
        assert!(
            row.ours.throughput >= 0.84 * row.oracle.throughput,
            "{clients}"
        );
        assert!(
            row.ours.latency.mean <= 1.01 * row.bentoml.latency.mean,
            "{clients}"
        );
    }
}

#[test]
fn the_page_shows_these_results() {
    report::write();
}
