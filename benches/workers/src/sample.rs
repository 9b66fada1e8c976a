//! Statistics over several rounds.

/// The figures of one worker for one measure, one per round. A round that was not run is `None`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample(pub(crate) Vec<Option<f64>>);

/// The median, the lowest and the highest of several figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Sample {
    pub(crate) fn spread(&self) -> Option<Spread> {
        Spread::of(self.0.iter().flatten().copied().collect())
    }

    /// Returns the ratio to the yardstick for each round in which both were measured.
    pub(crate) fn ratio_to(&self, yardstick: &Self) -> Option<Spread> {
        let both = self.0.iter().zip(&yardstick.0);
        let ratios = both.filter_map(|(one, other)| {
            let ratio = (*one)? / (*other)?;
            ratio.is_finite().then_some(ratio)
        });
        Spread::of(ratios.collect())
    }
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            figures[middle]
        } else {
            f64::midpoint(figures[middle - 1], figures[middle])
        };
        Some(Self {
            median,
            least,
            most,
        })
    }
}

/// Converts a count to `f64`. Counts here are far below 2⁵³, up to which `f64` is exact.
pub(crate) fn float(count: u64) -> f64 {
    let (high, low) = (count >> 32, count & u64::from(u32::MAX));
    let part = |half: u64| f64::from(u32::try_from(half).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

/// Returns the median of several figures from one round.
pub(crate) fn median(figures: Vec<f64>) -> Option<f64> {
    Spread::of(figures).map(|spread| spread.median)
}
