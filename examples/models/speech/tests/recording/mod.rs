//! Recordings for the tests, made from one clip of synthetic speech: "The worker takes one job at a time. Every result is
//! posted."

use base64::Engine as _;

#[derive(Clone)]
pub(crate) struct Recording {
    rate: u32,
    samples: Vec<i16>,
}

impl Recording {
    pub(crate) fn clip() -> Self {
        let reader = hound::WavReader::new(&include_bytes!("../speech.wav")[..]).unwrap();
        let rate = reader.spec().sample_rate;
        let samples = reader.into_samples::<i16>();
        let samples = samples.map(|sample| sample.unwrap() * 256).collect();
        Self { rate, samples }
    }

    pub(crate) fn silence(rate: u32, seconds: usize) -> Self {
        Self {
            rate,
            samples: vec![0; rate as usize * seconds],
        }
    }

    pub(crate) fn noise(rate: u32, seconds: usize) -> Self {
        let mut dice = Dice(7);
        Self {
            rate,
            samples: (0..rate as usize * seconds)
                .map(|_| dice.roll(3000))
                .collect(),
        }
    }

    /// Repeats the recording, with another loudness and another pause each time, in noise.
    pub(crate) fn with_pauses_and_noise(&self, times: usize) -> Self {
        let mut dice = Dice(1);
        let mut samples = Vec::new();
        for time in 0..times {
            let loudness = 1.0 - 0.8 * time as f32 / times as f32;
            let clip = self.samples.iter();
            samples.extend(clip.map(|sample| (f32::from(*sample) * loudness) as i16));
            samples.resize(samples.len() + 777 * (time % 20), 0);
        }
        for sample in &mut samples {
            *sample = sample.saturating_add(dice.roll(60));
        }
        Self {
            rate: self.rate,
            samples,
        }
    }

    pub(crate) fn at_8_khz(&self) -> Self {
        assert_eq!(self.rate, 16_000);
        let pairs = self.samples.chunks(2);
        Self {
            rate: 8_000,
            samples: pairs
                .map(|pair| (pair.iter().map(|it| i32::from(*it)).sum::<i32>() / 2) as i16)
                .collect(),
        }
    }

    pub(crate) fn wav(&self) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: self.rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for sample in &self.samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    pub(crate) fn base64(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(self.wav())
    }
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, bound: i16) -> i16 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let bound = i64::from(bound);
        ((self.0 >> 33) as i64 % (2 * bound + 1) - bound) as i16
    }
}
