//! Writes samples as a WAV file. The header has 44 bytes that never change their form, so a library is not worth a
//! dependency. To read WAV files, or to write other forms, use a library such as hound.

use super::error::{Cause, MediaError};

const HEADER: usize = 44;
/// The format of integer samples.
const PCM: u16 = 1;
const BYTES_PER_SAMPLE: u16 = 2;

/// Writes samples from -1 to 1 as 16-bit integers. `samples` has the channels of each moment side by side.
pub(super) fn of_samples(
    sample_rate: u32,
    channels: u16,
    samples: &[f32],
) -> Result<Vec<u8>, MediaError> {
    let fault = |why: String| MediaError::from(Cause::Samples(why));
    if sample_rate == 0 || channels == 0 {
        return Err(fault(format!(
            "the sample rate is {sample_rate} Hz and the number of channels is {channels}; both must be at least 1"
        )));
    }
    if !samples.len().is_multiple_of(usize::from(channels)) {
        return Err(fault(format!(
            "{} samples cannot be divided into {channels} channels",
            samples.len()
        )));
    }
    if let Some(at) = samples.iter().position(|sample| !sample.is_finite()) {
        return Err(fault(format!(
            "the sample at index {at} is {}, so the model's output is not a sound",
            samples[at]
        )));
    }
    let frame = channels.checked_mul(BYTES_PER_SAMPLE);
    let rate = frame.and_then(|frame| sample_rate.checked_mul(u32::from(frame)));
    let size = samples.len().checked_mul(usize::from(BYTES_PER_SAMPLE));
    let size = size.and_then(|size| u32::try_from(size).ok());
    let whole = size.and_then(|size| size.checked_add(36));
    let (Some(frame), Some(rate), Some(size), Some(whole)) = (frame, rate, size, whole) else {
        return Err(fault(
            "a WAV file can have at most 4 GiB, 65535 bytes per frame and 4 GiB per second"
                .to_owned(),
        ));
    };
    let mut file = Vec::with_capacity(HEADER + samples.len() * usize::from(BYTES_PER_SAMPLE));
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&whole.to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&PCM.to_le_bytes());
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&sample_rate.to_le_bytes());
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&frame.to_le_bytes());
    file.extend_from_slice(&(BYTES_PER_SAMPLE * 8).to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    for sample in samples {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the value is within the range of the type"
        )]
        let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
        file.extend_from_slice(&sample.to_le_bytes());
    }
    Ok(file)
}
