//! Simulates an endpoint with up to 200 workers, with our rules, those of the Python SDK, and variants.

mod demand;
mod events;
mod exiting;
mod jobs;
mod network;
mod outcome;
mod posting;
mod rules;
mod run;
mod running;
mod scaling;
mod taking;
mod worker;

use demand::{Demand, Profile};
use network::Network;
use rules::Rules;
use run::{Setup, run};
use scaling::Scaling;

#[test]
fn draft() {
    for (profile, rate, max) in [
        (Profile::CHAT, 20.0, 200),
        (Profile::IMAGES, 4.0, 200),
        (Profile::EMBEDDINGS, 500.0, 200),
        (Profile::BATCHED, 2_000.0, 200),
    ] {
        for rules in [Rules::OURS, Rules::SDK].into_iter().chain(Rules::variants()) {
            let setup = Setup {
                rules,
                profile,
                demand: Demand { rate, swing: 0.6, period: 300.0, lasts: 600.0 },
                network: Network::GOOD,
                scaling: Scaling::up_to(max, profile.slots),
                deaths: 0.0,
                refreshes: false,
                other_slots: None,
                seed: 15,
            };
            let began = std::time::Instant::now();
            let it = run(setup);
            println!("{:?} {} {}\n   {:?}", began.elapsed(), profile.name, rules.name, it);
        }
    }
}
