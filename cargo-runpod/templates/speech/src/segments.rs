//! Makes segments of speech from the probability of each chunk, by the rules of Silero VAD.

use runpod::prelude::*;

use crate::Error;
use crate::audio::chunk_len;

pub struct Options {
    pub threshold: f64,
    pub min_speech_ms: u32,
    pub min_silence_ms: u32,
    pub speech_pad_ms: u32,
}

/// The values of Silero.
impl Default for Options {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            min_speech_ms: 250,
            min_silence_ms: 100,
            speech_pad_ms: 30,
        }
    }
}

impl Options {
    pub fn check(&self) -> Result<(), Error> {
        if !(self.threshold > 0.0 && self.threshold < 1.0) {
            let found = self.threshold;
            return Err(format!(
                "input.threshold: found {found}; expected a number between 0 and 1"
            )
            .into());
        }
        // Otherwise segments could overlap, and a segment could not be sent before the next one is known.
        if u64::from(self.speech_pad_ms) * 2 > u64::from(self.min_silence_ms) {
            return Err(format!(
                "input.speech_pad_ms: found {}; expected at most half of min_silence_ms, which is {}",
                self.speech_pad_ms, self.min_silence_ms
            )
            .into());
        }
        Ok(())
    }
}

/// A segment of speech, in seconds from the start of the audio.
#[derive(Debug, PartialEq, Serialize)]
pub struct Segment {
    pub start: f64,
    pub end: f64,
}

/// Positions and lengths are in samples.
pub struct Segments {
    rate: f64,
    chunk: u64,
    len: u64,
    threshold: f64,
    /// Silence is a probability below this one. Between the two thresholds, a segment neither starts nor ends.
    silence: f64,
    min_speech: f64,
    min_silence: f64,
    pad: f64,
    position: u64,
    /// The start of the current segment.
    start: Option<u64>,
    /// The start of the pause at the end of the current segment.
    pause: Option<u64>,
}

impl Segments {
    /// Starts at the beginning of an audio with `len` samples.
    pub fn new(options: &Options, rate: u32, len: u64) -> Self {
        let samples = |ms: u32| f64::from(rate) * f64::from(ms) / 1000.0;
        Self {
            rate: rate.into(),
            chunk: chunk_len(rate) as u64,
            len,
            threshold: options.threshold,
            silence: (options.threshold - 0.15).max(0.01),
            min_speech: samples(options.min_speech_ms),
            min_silence: samples(options.min_silence_ms),
            pad: samples(options.speech_pad_ms),
            position: 0,
            start: None,
            pause: None,
        }
    }

    /// Returns the number of samples that have been judged.
    pub fn position(&self) -> u64 {
        self.position.min(self.len)
    }

    /// Takes the probability of the next chunk. Returns a segment if it ended.
    pub fn push(&mut self, probability: f32) -> Option<Segment> {
        let probability = f64::from(probability);
        let now = self.position;
        self.position += self.chunk;
        if probability >= self.threshold {
            self.pause = None;
            self.start.get_or_insert(now);
            return None;
        }
        let start = self.start?;
        if probability >= self.silence {
            return None;
        }
        let pause = *self.pause.get_or_insert(now);
        if ((now - pause) as f64) < self.min_silence {
            return None;
        }
        self.start = None;
        self.pause = None;
        self.segment(start, pause)
    }

    /// Returns the segment that lasts until the end of the audio.
    pub fn finish(self) -> Option<Segment> {
        self.segment(self.start?, self.len)
    }

    fn segment(&self, start: u64, end: u64) -> Option<Segment> {
        if end.saturating_sub(start) as f64 <= self.min_speech {
            return None;
        }
        let seconds = |samples: f64| (samples / self.rate * 1000.0).round() / 1000.0;
        Some(Segment {
            start: seconds((start as f64 - self.pad).max(0.0)),
            end: seconds((end as f64 + self.pad).min(self.len as f64)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the segments of a series of chunks of 32 ms: the probability and the number of chunks.
    fn segments(options: &Options, parts: &[(f32, usize)]) -> Vec<(f64, f64)> {
        let chunks: usize = parts.iter().map(|(_, count)| count).sum();
        let mut segments = Segments::new(options, 16_000, chunks as u64 * 512);
        let probabilities = parts
            .iter()
            .flat_map(|&(probability, count)| std::iter::repeat_n(probability, count));
        let mut found: Vec<_> = probabilities
            .filter_map(|probability| segments.push(probability))
            .collect();
        found.extend(segments.finish());
        found.iter().map(|it| (it.start, it.end)).collect()
    }

    const PLAIN: Options = Options {
        threshold: 0.5,
        min_speech_ms: 250,
        min_silence_ms: 100,
        speech_pad_ms: 0,
    };

    #[test]
    fn a_pause_ends_a_segment_if_it_is_long_enough() {
        // Three chunks after the first silent one last 96 ms, and four last 128 ms.
        assert_eq!(
            segments(&PLAIN, &[(0.9, 10), (0.1, 4), (0.9, 10)]),
            [(0.0, 0.768)]
        );
        assert_eq!(
            segments(&PLAIN, &[(0.9, 10), (0.1, 5), (0.9, 10)]),
            [(0.0, 0.32), (0.48, 0.8)]
        );
    }

    #[test]
    fn a_short_sound_is_dropped() {
        assert_eq!(segments(&PLAIN, &[(0.9, 7), (0.1, 9)]), []);
        assert_eq!(segments(&PLAIN, &[(0.9, 8), (0.1, 9)]), [(0.0, 0.256)]);
        assert_eq!(segments(&PLAIN, &[(0.1, 9), (0.9, 7)]), []);
    }

    #[test]
    fn a_probability_between_the_thresholds_neither_starts_nor_ends_a_segment() {
        assert_eq!(segments(&PLAIN, &[(0.4, 20)]), []);
        assert_eq!(segments(&PLAIN, &[(0.9, 9), (0.4, 20)]), [(0.0, 0.928)]);
    }

    #[test]
    fn the_padding_stays_within_the_audio() {
        let options = Options {
            speech_pad_ms: 50,
            ..PLAIN
        };
        assert_eq!(segments(&options, &[(0.9, 10)]), [(0.0, 0.32)]);
        assert_eq!(
            segments(&options, &[(0.1, 10), (0.9, 10), (0.1, 10)]),
            [(0.27, 0.69)]
        );
    }
}
