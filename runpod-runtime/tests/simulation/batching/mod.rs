//! Compares rules for batches on a model with a linear cost.

mod model;
mod rules;
mod run;

use std::time::Duration;

use crate::schedule::Limits;
use model::Model;
use rules::{BentoMl, Ours, Rule, Threshold, Window};
use run::{Outcome, closed, run};

/// The loads, as shares of the model's capacity.
const LOADS: [f64; 9] = [0.01, 0.03, 0.08, 0.16, 0.33, 0.65, 0.9, 0.98, 1.1];
const JOBS: usize = 20_000;
const SEED: u64 = 15;
const MAX_WAIT: Duration = Duration::from_millis(50);

/// The results of all rules at one load.
struct Row {
    rate: f64,
    ours: Outcome,
    windows: [Outcome; 2],
    bentoml: Outcome,
    oracle: Outcome,
    /// The number of jobs for which the oracle waits.
    threshold: usize,
}

fn compare(model: Model, load: f64, jobs: usize, seed: u64) -> Row {
    let rate = load * model.capacity();
    let most = model.max_batch_size;
    let with = |rule: &mut dyn Rule| run(model, rate, jobs, seed, rule);
    let limits = Limits {
        max_batch_size: most,
        max_wait: MAX_WAIT,
        ..Limits::NEW
    };
    let (threshold, oracle) = (1..=most)
        .map(|threshold| (threshold, with(&mut Threshold::new(threshold, most))))
        .min_by(|a, b| a.1.latency.mean.total_cmp(&b.1.latency.mean))
        .expect("there is a threshold");
    Row {
        rate,
        ours: with(&mut Ours::new(limits)),
        windows: [10, 50].map(|ms| with(&mut Window::new(ms, most))),
        bentoml: with(&mut BentoMl::new(most)),
        oracle,
        threshold,
    }
}

#[test]
fn explore() {
    for model in [Model::GPU, Model::CPU] {
        for load in LOADS {
            let row = compare(model, load, JOBS, SEED);
            let greedy = run(model, row.rate, JOBS, SEED, &mut Threshold::new(1, model.max_batch_size));
            print!("{:6.1}/s k={:2}", row.rate, row.threshold);
            for it in [row.ours, greedy, row.oracle, row.bentoml, row.windows[0], row.windows[1]] {
                print!(" | {:6.1} {:6.1} {:6.1} b{:4.1}", it.latency.mean, it.latency.p50, it.latency.p99, it.batch);
            }
            println!();
        }
    }
    for model in [Model::GPU, Model::CPU] {
        for clients in [1, 2, 4, 8, 16, 32, 64] {
            let most = model.max_batch_size;
            let with = |rule: &mut dyn Rule| closed(model, clients, JOBS, SEED, rule);
            let limits = Limits { max_batch_size: most, max_wait: MAX_WAIT, ..Limits::NEW };
            print!("{clients:3} ");
            for it in [with(&mut Ours::new(limits)), with(&mut Threshold::new(1, most)), with(&mut Threshold::new(clients.min(most), most)), with(&mut BentoMl::new(most)), with(&mut Window::new(10, most)), with(&mut Window::new(50, most))] {
                print!(" | {:6.1} {:6.1} {:6.1} b{:4.1}", it.latency.mean, it.throughput, it.latency.p99, it.batch);
            }
            println!();
        }
    }
}
