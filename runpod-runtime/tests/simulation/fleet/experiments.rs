//! The experiments of the page.

use std::sync::LazyLock;

use super::demand::{Demand, Profile};
use super::jobs::Parts;
use super::network::Network;
use super::outcome::Outcome;
use super::rules::Rules;
use super::run::{Setup, run};
use super::scaling::Scaling;

pub(super) const WORKERS: usize = 200;
/// The rates of the largest experiment, in jobs per second.
pub(super) const RATES: [f64; 6] = [500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0];

/// The kinds of jobs, with an average rate, the time for which jobs arrive, and the number of runs.
pub(super) const LOADS: [(Profile, f64, f64, u64); 3] = [
    (Profile::EMBEDDINGS, 400.0, 300.0, 1),
    (Profile::CHAT, 16.0, 600.0, 3),
    (Profile::IMAGES, 5.0, 600.0, 3),
];

/// An endpoint with a varying load, which scales up to 200 workers.
pub(super) fn scaled(rules: Rules, profile: Profile, rate: f64, lasts: f64) -> Setup {
    // A quarter of the slots stays free, so that a new job rarely waits.
    let jobs_per_worker = (profile.slots * 3 / 4).max(1);
    Setup {
        rules,
        profile,
        demand: Demand {
            rate,
            swing: 0.6,
            period: 300.0,
            lasts,
        },
        network: Network::GOOD,
        scaling: Scaling::up_to(WORKERS, jobs_per_worker),
        deaths: 0.0,
        stops_hand_over: false,
        refreshes: false,
        other_slots: None,
        seed: 15,
    }
}

/// An endpoint with a constant load and a constant number of workers.
pub(super) fn fixed(rules: Rules, profile: Profile, rate: f64, lasts: f64) -> Setup {
    Setup {
        demand: Demand {
            rate,
            swing: 0.0,
            period: 300.0,
            lasts,
        },
        scaling: Scaling::fixed(WORKERS),
        ..scaled(rules, profile, rate, lasts)
    }
}

/// The sums and means of several runs with different random numbers.
pub(super) fn runs(setup: &Setup, count: u64) -> Outcome {
    let runs = (0..count).map(|run_number| {
        run(&Setup {
            seed: setup.seed + run_number,
            ..*setup
        })
    });
    let all: Vec<_> = runs.collect();
    Outcome::mean(&all)
}

/// The results of our rules and of the SDK's rules for each of [`LOADS`].
pub(super) static PAIRS: LazyLock<Vec<[Outcome; 2]>> = LazyLock::new(|| {
    let pairs = LOADS.map(|(profile, rate, lasts, count)| {
        [Rules::OURS, Rules::SDK].map(|rules| runs(&scaled(rules, profile, rate, lasts), count))
    });
    pairs.to_vec()
});

/// The results of each variant of our rules for each of [`LOADS`].
pub(super) static VARIANTS: LazyLock<Vec<Vec<Outcome>>> = LazyLock::new(|| {
    let variants = Rules::variants().map(|rules| {
        LOADS
            .map(|(profile, rate, lasts, count)| runs(&scaled(rules, profile, rate, lasts), count))
            .to_vec()
    });
    variants.to_vec()
});

/// A choice of slots and batches for embeddings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    pub(super) name: &'static str,
    /// The name in the plot.
    pub(super) short: &'static str,
    pub(super) rules: Rules,
    pub(super) slots: usize,
    pub(super) max_batch_size: usize,
}

pub(super) const CHOICES: [Choice; 6] = [
    Choice {
        name: "ours, batches of 32, 64 slots",
        short: "ours, batches, 64",
        rules: Rules::OURS,
        slots: 64,
        max_batch_size: 32,
    },
    Choice {
        name: "ours, batches of 32, 32 slots",
        short: "ours, batches, 32",
        rules: Rules::OURS,
        slots: 32,
        max_batch_size: 32,
    },
    Choice {
        name: "ours, one job per call, 4 slots",
        short: "ours, single, 4",
        rules: Rules::OURS,
        slots: 4,
        max_batch_size: 1,
    },
    Choice {
        name: "ours, one job per call, 1 slot",
        short: "ours, single, 1",
        rules: Rules::OURS,
        slots: 1,
        max_batch_size: 1,
    },
    Choice {
        name: "SDK, batches of 32, 64 slots",
        short: "SDK, batches, 64",
        rules: Rules::SDK,
        slots: 64,
        max_batch_size: 32,
    },
    Choice {
        name: "SDK, one job per call, 4 slots",
        short: "SDK, single, 4",
        rules: Rules::SDK,
        slots: 4,
        max_batch_size: 1,
    },
];

pub(super) fn embeddings(choice: Choice) -> Profile {
    let mut profile = Profile::BATCHED;
    profile.slots = choice.slots;
    if let Some(batch) = &mut profile.batch {
        batch.max_batch_size = choice.max_batch_size;
    }
    profile
}

/// The results of each choice at each of [`RATES`]. The workers are ready when the jobs arrive.
pub(super) static LARGE: LazyLock<Vec<Vec<Outcome>>> = LazyLock::new(|| {
    let large = CHOICES.map(|choice| {
        let profile = Profile {
            cold_start: 0.0,
            ..embeddings(choice)
        };
        let rules = Rules {
            process_start: 0,
            ..choice.rules
        };
        let rates = RATES.map(|rate| run(&fixed(rules, profile, rate, 10.0)));
        rates.to_vec()
    });
    large.to_vec()
});

/// The results of each choice if the endpoint chooses the number of workers.
pub(super) static LARGE_SCALED: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
    let scaled =
        CHOICES.map(|choice| run(&scaled(choice.rules, embeddings(choice), 1_000.0, 300.0)));
    scaled.to_vec()
});

/// The name of the platform's behaviour, and the results of both rules.
pub(super) type Faulty = (&'static str, [Outcome; 2]);

pub(super) static FAULTS: LazyLock<Vec<Faulty>> = LazyLock::new(|| {
    let (profile, rate, lasts, _) = LOADS[1];
    let both = |change: &dyn Fn(&mut Setup)| {
        [Rules::OURS, Rules::SDK].map(|rules| {
            let mut setup = scaled(rules, profile, rate, lasts);
            change(&mut setup);
            runs(&setup, 6)
        })
    };
    vec![
        ("none", both(&|_| {})),
        (
            "none, and no jobs for workers that are being stopped",
            both(&|setup| setup.stops_hand_over = true),
        ),
        (
            "1% of posts get 503, and 0.2% a reset",
            both(&|setup| {
                setup.network.refused = 0.01;
                setup.network.reset = 0.002;
            }),
        ),
        (
            "503 for every request during 30 s",
            both(&|setup| setup.network.outage = (300.0, 330.0)),
        ),
        (
            "each machine fails after 10 min on average",
            both(&|setup| setup.deaths = 6.0),
        ),
    ]
});

/// Both rules with a fresh container for each image.
pub(super) static REFRESH: LazyLock<[Outcome; 2]> = LazyLock::new(|| {
    let (profile, rate, lasts, count) = LOADS[2];
    [Rules::OURS, Rules::SDK].map(|rules| {
        let mut setup = scaled(rules, profile, rate / 2.0, lasts);
        setup.refreshes = true;
        runs(&setup, count)
    })
});

/// Both rules with a concurrency that changes between 8 and 4 every minute.
pub(super) static RESIZE: LazyLock<[Outcome; 2]> = LazyLock::new(|| {
    [Rules::OURS, Rules::SDK].map(|rules| {
        let mut setup = fixed(rules, Profile::CHAT, 20.0, 600.0);
        setup.scaling = Scaling::fixed(30);
        setup.profile.cold_start = 0.0;
        setup.other_slots = Some((4, 60.0));
        run(&setup)
    })
});

/// Returns the parts of a latency in milliseconds.
pub(super) fn milliseconds(parts: Parts) -> [f64; 7] {
    parts.list().map(|it| it * 1000.0)
}
