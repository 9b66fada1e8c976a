//! The trend of a value: a straight line through all samples.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    pub(crate) least: f64,
    pub(crate) mean: f64,
    pub(crate) most: f64,
    /// The slope per minute.
    pub(crate) a_minute: f64,
}

impl Trend {
    /// Computes the trend of pairs of a time in minutes and a value. The slope is that of the least-squares line.
    pub(crate) fn of(samples: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let count = samples.clone().map(|_| 1.0).sum::<f64>().max(1.0);
        let mean_time = samples.clone().map(|(time, _)| time).sum::<f64>() / count;
        let mean = samples.clone().map(|(_, value)| value).sum::<f64>() / count;
        let mut above = 0.0;
        let mut below = 0.0;
        for (time, value) in samples.clone() {
            above += (time - mean_time) * (value - mean);
            below += (time - mean_time).powi(2);
        }
        let values = samples.map(|(_, value)| value);
        Self {
            least: values.clone().fold(f64::INFINITY, f64::min),
            mean,
            most: values.fold(f64::NEG_INFINITY, f64::max),
            a_minute: if below > 0.0 { above / below } else { 0.0 },
        }
    }
}

impl fmt::Display for Trend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} to {:.0} (mean {:.0}, slope {:+.2} a minute)",
            self.least, self.most, self.mean, self.a_minute
        )
    }
}

#[test]
fn the_slope_is_found_through_noise() {
    let samples = (0..100).map(|number| {
        let time = f64::from(number) / 10.0;
        let noise = if number % 2 == 0 { 0.5 } else { -0.5 };
        (time, 7.0 + 3.0 * time + noise)
    });
    let trend = Trend::of(samples);
    assert!((trend.a_minute - 3.0).abs() < 0.05, "{trend}");
    let flat = Trend::of((0..50).map(|number| (f64::from(number), 4.0)));
    assert!(flat.a_minute.abs() < f64::EPSILON && (flat.mean - 4.0).abs() < f64::EPSILON);
}
