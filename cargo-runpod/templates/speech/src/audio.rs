//! Reads a WAV file chunk by chunk, so that a long recording needs little memory.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use hound::{SampleFormat, WavReader};

use crate::Error;

/// The sample rates of the model.
const RATES: [u32; 2] = [16_000, 8_000];

pub struct Audio {
    reader: WavReader<BufReader<File>>,
    chunk: Vec<f32>,
    /// The number of samples of each channel that have been read.
    read: u64,
}

/// Returns the number of samples in a chunk: 32 ms.
pub fn chunk_len(rate: u32) -> usize {
    rate as usize * 32 / 1000
}

impl Audio {
    pub fn open(path: &Path) -> Result<Self, Error> {
        let reader = WavReader::open(path).map_err(|error| {
            format!("input.audio is not a WAV file that this worker can read: {error}. {CONVERT}")
        })?;
        let rate = reader.spec().sample_rate;
        if !RATES.contains(&rate) {
            return Err(format!(
                "input.audio: found {rate} samples per second; expected 16000 or 8000. {CONVERT}"
            )
            .into());
        }
        Ok(Self {
            reader,
            chunk: Vec::new(),
            read: 0,
        })
    }

    pub fn rate(&self) -> u32 {
        self.reader.spec().sample_rate
    }

    /// Returns the number of samples of each channel.
    pub fn len(&self) -> u64 {
        self.reader.duration().into()
    }

    pub fn seconds(&self) -> f64 {
        self.len() as f64 / f64::from(self.rate())
    }

    /// Returns the next chunk, or `None` after the last one. The last chunk is filled up with silence. If the audio has
    /// several channels, the chunk is their mean.
    pub fn chunk(&mut self) -> Result<Option<&[f32]>, Error> {
        let spec = self.reader.spec();
        let wanted = chunk_len(spec.sample_rate) as u64;
        let available = wanted.min(self.len() - self.read);
        if available == 0 {
            return Ok(None);
        }
        self.chunk.clear();
        for _ in 0..available {
            let mut sum = 0.0;
            for _ in 0..spec.channels {
                sum += self.sample()?;
            }
            self.chunk.push(sum / f32::from(spec.channels));
            self.read += 1;
        }
        self.chunk.resize(wanted as usize, 0.0);
        Ok(Some(&self.chunk))
    }

    /// Reads one sample, from -1 to 1.
    fn sample(&mut self) -> Result<f32, Error> {
        let spec = self.reader.spec();
        let sample = match spec.sample_format {
            SampleFormat::Float => self.reader.samples::<f32>().next(),
            SampleFormat::Int => {
                // The number comes from the file. hound refuses samples that are too wide.
                let scale = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
                let sample = self.reader.samples::<i32>().next();
                sample.map(|sample| sample.map(|value| value as f32 / scale))
            }
        };
        let missing = || "it ends early".to_owned();
        sample
            .ok_or_else(missing)
            .and_then(|sample| sample.map_err(|error| error.to_string()))
            .map_err(|fault| {
                format!(
                    "input.audio cannot be read after {:.1} s of {:.1} s: {fault}",
                    self.read as f64 / f64::from(spec.sample_rate),
                    self.seconds()
                )
                .into()
            })
    }
}

const CONVERT: &str =
    "This command converts other files: ffmpeg -i INPUT -ar 16000 -ac 1 OUTPUT.wav";
