//! Compares rules for the number of jobs at once.

mod machine;
mod rules;
mod run;
mod scenario;

use rules::{Fixed, Guide, Ours, Rule};
use run::{Outcome, run};
use scenario::{MOST, Scenario};

const SEED: u64 = 15;
const KNEE: usize = 16;

#[test]
fn explore() {
    let scenarios = [
        Scenario::knee(KNEE),
        Scenario::knee(5),
        Scenario::knee(1),
        Scenario::knee(40),
        Scenario::knee_with_different_jobs(KNEE),
        Scenario::no_knee(),
        Scenario::cliff(12),
        Scenario::soft(8),
        Scenario::half_load(KNEE),
        Scenario::few_jobs(KNEE),
        Scenario::changes(KNEE, 6),
    ];
    for scenario in &scenarios {
        for seed in 1..21 {
            let it = run(scenario, seed, &mut Ours::new(1, MOST));
            println!(
                "{seed} {:.2}/s p99 {:.0} usual {} changes/1000 {:.2} reached {:?}",
                it.throughput,
                it.latency.p99,
                it.usual_limit(),
                it.changes_per_1000_jobs(),
                it.reached(scenario.knee)
            );
        }
        println!("== {} {}", scenario.name, scenario.knee);
        let rules: [(&str, Box<dyn Rule>); 5] = [
            ("auto", Box::new(Ours::new(1, MOST))),
            ("1", Box::new(Fixed(1))),
            ("knee", Box::new(Fixed(scenario.knee))),
            ("4 knee", Box::new(Fixed(4 * scenario.knee))),
            ("guide", Box::new(Guide::new())),
        ];
        for (name, mut rule) in rules {
            let it = run(scenario, SEED, &mut *rule);
            println!(
                "{name:8} {:.2}/s p50 {:.0} p99 {:.0} usual {} changes/1000 {:.2} reached {:?}",
                it.throughput,
                it.latency.p50,
                it.latency.p99,
                it.usual_limit(),
                it.changes_per_1000_jobs(),
                it.reached(scenario.knee)
            );
            if name == "auto" {
                let l: Vec<_> = it
                    .limits
                    .iter()
                    .map(|(t, l)| format!("{t:.0}:{l}"))
                    .collect();
                println!("   {}", l.join(" "));
            }
        }
    }
}
