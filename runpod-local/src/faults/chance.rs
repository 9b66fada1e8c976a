//! Repeatable random numbers.

use crate::operation::Operation;

/// The purpose of a random number. The discriminants must not change; otherwise a seed would give other results.
#[derive(Debug, Clone, Copy)]
pub(super) enum Draw {
    Effect = 0,
    Delay = 1,
}

/// Returns a number from 0 (inclusive) to 1 (exclusive). The same arguments give the same number.
pub(super) fn of(seed: u64, operation: Operation, count: u64, draw: Draw) -> f64 {
    let name = operation
        .name()
        .bytes()
        .fold(0, |name, byte| mixed(name, u64::from(byte)));
    let bits = mixed(mixed(mixed(seed, name), count), draw as u64);
    // A double has 53 bits of precision.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let value = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    value
}

/// Mixes two numbers with the finalizer of `SplitMix64`.
fn mixed(state: u64, part: u64) -> u64 {
    let mut bits = state
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(part.wrapping_mul(0xd134_2543_de82_ef95));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Draw, of};
    use crate::operation::Operation;

    fn draws(seed: u64, operation: Operation) -> Vec<f64> {
        (0..10_000)
            .map(|count| of(seed, operation, count, Draw::Effect))
            .collect()
    }

    #[test]
    fn draws_are_spread_evenly() {
        let draws = draws(1, Operation::Run);
        for tenth in 0..10_u32 {
            let from = f64::from(tenth) / 10.0;
            let within = draws
                .iter()
                .filter(|draw| (from..from + 0.1).contains(*draw))
                .count();
            assert!((900..1_100).contains(&within), "{within} from {from}");
        }
    }

    #[test]
    fn seeds_operations_and_purposes_are_independent() {
        let base = draws(7, Operation::Run);
        assert_eq!(base, draws(7, Operation::Run));
        for other in [draws(8, Operation::Run), draws(7, Operation::Runsync)] {
            let both = base
                .iter()
                .zip(&other)
                .filter(|(one, other)| **one < 0.1 && **other < 0.1)
                .count();
            assert!((50..150).contains(&both), "{both} of 10,000");
        }
        let delay = of(7, Operation::Run, 0, Draw::Delay);
        assert!((base[0] - delay).abs() > f64::EPSILON);
    }

    #[test]
    fn a_seed_means_the_same_in_every_release() {
        let first: Vec<_> = (0..3)
            .map(|count| of(7, Operation::JobDone, count, Draw::Effect))
            .map(|draw| format!("{draw:.6}"))
            .collect();
        assert_eq!(first, ["0.921831", "0.374119", "0.885107"]);
    }
}
