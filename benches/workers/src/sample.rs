//! Statistics over several rounds.

/// The figures of one worker for one measure, one per round. A round that was not run is `None`.
#[derive(Debug, Clone, Default)]
pub struct Sample(pub Vec<Option<f64>>);

/// The median, the lowest and the highest of several figures.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// The middle figure, or the mean of the two middle ones.
    pub median: f64,
    /// The lowest figure.
    pub least: f64,
    /// The highest figure.
    pub most: f64,
}

impl Sample {
    /// Returns the spread of the rounds that were run, or `None` if there were none.
    pub fn spread(&self) -> Option<Spread> {
        Spread::of(self.0.iter().flatten().copied().collect())
    }

    /// Returns the ratio to the yardstick for each round in which both were measured.
    pub fn ratio_to(&self, yardstick: &Self) -> Option<Spread> {
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
pub fn float(count: u64) -> f64 {
    let (high, low) = (count >> 32, count & u64::from(u32::MAX));
    let part = |half: u64| f64::from(u32::try_from(half).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

/// Returns the median of several figures from one round.
pub fn median(figures: Vec<f64>) -> Option<f64> {
    Spread::of(figures).map(|spread| spread.median)
}
