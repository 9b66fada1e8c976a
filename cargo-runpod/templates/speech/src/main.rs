//! A worker that finds speech in audio and streams the segments as it finds them.

mod audio;
mod model;
mod segments;

use std::time::Instant;

use runpod::prelude::*;

use crate::audio::Audio;
use crate::model::Model;
use crate::segments::{Options, Segment, Segments};

/// An error with any cause. The worker's log and the failed job contain its text.
type Error = Box<dyn std::error::Error + Send + Sync>;

// Runs once. The model that it returns is the state, which handlers take as `State<Model>`. If it returns an `Err`, the
// worker exits before it takes a job. Each job uses one core, so `concurrency` is the number of cores of the worker.
// `return_aggregate_stream` also puts the segments into the result, for clients that do not read the stream.
#[runpod::main(concurrency = 2, return_aggregate_stream = true)]
fn main() -> Result<Model, Error> {
    let start = Instant::now();
    let path = model::path();
    let model = Model::load(&path)?;
    tracing::info!(
        "loaded {} in {:.2} s",
        path.display(),
        start.elapsed().as_secs_f32()
    );
    Ok(model)
}

/// The `input` of a job. If an input does not match this type, the job fails, and the error names the field.
#[derive(Deserialize)]
struct Request {
    /// A WAV file: a URL, a data URL, or base64.
    audio: String,
    /// A chunk is speech if the model gives it this probability or a higher one.
    threshold: Option<f64>,
    /// Shorter segments are dropped.
    min_speech_ms: Option<u32>,
    /// Shorter pauses do not end a segment.
    min_silence_ms: Option<u32>,
    /// A segment starts earlier and ends later by this time.
    speech_pad_ms: Option<u32>,
}

impl Request {
    fn options(&self) -> Options {
        let default = Options::default();
        Options {
            threshold: self.threshold.unwrap_or(default.threshold),
            min_speech_ms: self.min_speech_ms.unwrap_or(default.min_speech_ms),
            min_silence_ms: self.min_silence_ms.unwrap_or(default.min_silence_ms),
            speech_pad_ms: self.speech_pad_ms.unwrap_or(default.speech_pad_ms),
        }
    }

    /// Returns the audio as a URL.
    fn url(&self) -> String {
        if self.audio.starts_with("data:") || self.audio.contains("://") {
            self.audio.clone()
        } else {
            format!("data:audio/wav;base64,{}", self.audio)
        }
    }
}

// A plain `fn`, because a model blocks its thread.
#[runpod::handler(stream)]
fn detect(
    request: Request,
    ctx: JobContext,
    model: State<Model>,
    out: Emitter<Segment>,
) -> Result<(), Error> {
    let begin = Instant::now();
    let options = request.options();
    options.check()?;
    let file = ctx
        .download(&request.url())
        .wait()
        .map_err(|error| format!("input.audio: expected a URL, a data URL or base64: {error}"))?;
    let mut audio = Audio::open(file.path())?;
    let seconds = audio.seconds();
    let mut listener = model.listener(audio.rate());
    let mut segments = Segments::new(&options, audio.rate(), audio.len());
    let mut reported = 0;
    while let Some(chunk) = audio.chunk()? {
        // A cancelled job stops here, at most one chunk of 32 ms later.
        if ctx.is_cancelled() {
            return Err("the job was cancelled".into());
        }
        if let Some(segment) = segments.push(listener.probability(chunk)?) {
            out.blocking_send(segment)?;
        }
        let done = segments.position() / u64::from(audio.rate());
        if done > reported {
            reported = done;
            ctx.progress(json!({ "seconds": done, "of": seconds }));
        }
    }
    if let Some(segment) = segments.finish() {
        out.blocking_send(segment)?;
    }
    tracing::info!(
        "searched {seconds:.1} s of audio in {:.2} s",
        begin.elapsed().as_secs_f32()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use runpod::CancelReason;
    use runpod::testing::{self, Report};

    use super::*;

    /// Returns a data URL of a WAV file. Each part is a loudness and a length in seconds. In these tests, the model is one
    /// that takes every loud chunk for speech.
    fn wav(rate: u32, parts: &[(f32, f32)]) -> String {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for (loudness, seconds) in parts {
            for _ in 0..(seconds * rate as f32) as usize {
                writer.write_sample((loudness * 32767.0) as i16).unwrap();
            }
        }
        writer.finalize().unwrap();
        data_url(bytes.get_ref())
    }

    fn data_url(bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        format!("data:audio/wav,{hex}")
    }

    async fn detected(input: Value) -> Report {
        testing::Job::new(input)
            .state(Model::loudness())
            .stream(detect)
            .await
    }

    async fn error(input: Value) -> String {
        let report = detected(input).await;
        report.error.expect("the job fails")
    }

    #[tokio::test]
    async fn each_loud_part_is_a_segment_and_progress_is_in_seconds() {
        let audio = wav(
            16_000,
            &[(0.0, 0.512), (0.8, 0.512), (0.0, 1.024), (0.8, 0.512)],
        );
        let report = detected(json!({ "audio": audio })).await;
        assert_eq!(report.error, None);
        assert_eq!(
            report.stream,
            [
                json!({ "start": 0.482, "end": 1.054 }),
                json!({ "start": 2.018, "end": 2.56 })
            ]
        );
        assert_eq!(
            report.progress,
            [
                json!({ "seconds": 1, "of": 2.56 }),
                json!({ "seconds": 2, "of": 2.56 })
            ]
        );
    }

    #[tokio::test]
    async fn audio_without_speech_has_no_segments() {
        let report = detected(json!({ "audio": wav(8_000, &[(0.0, 1.0)]) })).await;
        assert_eq!((report.error, report.stream), (None, Vec::new()));
    }

    #[tokio::test]
    async fn another_sample_rate_fails_the_job_and_both_rates_are_named() {
        let error = error(json!({ "audio": wav(44_100, &[(0.5, 0.1)]) })).await;
        for part in ["44100", "16000", "8000", "ffmpeg"] {
            assert!(error.contains(part), "no {part} in {error}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_audio_fails_the_job() {
        let error = error(json!({ "audio": data_url(b"%PDF-1.7 a document") })).await;
        assert!(error.contains("not a WAV file"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_is_cut_off_fails_the_job_and_the_place_is_named() {
        let whole = wav(16_000, &[(0.5, 2.0)]);
        // A byte has three characters, and a second has 32,000 bytes.
        let cut = &whole[..whole.len() - 96_000];
        let error = error(json!({ "audio": cut })).await;
        assert!(error.contains("after 1.0 s of 2.0 s"), "{error}");
    }

    #[tokio::test]
    async fn text_that_is_neither_a_url_nor_base64_fails_the_job() {
        let error = error(json!({ "audio": "my recording.wav" })).await;
        assert!(error.contains("base64"), "{error}");
    }

    #[tokio::test]
    async fn options_out_of_range_fail_the_job_and_are_named() {
        for (name, value) in [
            ("threshold", json!(1.5)),
            ("speech_pad_ms", json!(51)),
            ("min_silence_ms", json!(-1)),
        ] {
            let error = error(json!({ "audio": wav(16_000, &[]), name: value })).await;
            assert!(error.contains(name), "no {name} in {error}");
        }
    }

    #[tokio::test]
    async fn a_job_that_is_cancelled_sends_nothing() {
        let (ctx, job) = testing::context();
        let (out, stream) = testing::emitter();
        job.cancel(CancelReason::Stopped);
        let audio = wav(16_000, &[(0.5, 0.5), (0.0, 0.5)]);
        let request = serde_json::from_value(json!({ "audio": audio })).unwrap();
        // The worker also runs a plain `fn` on a thread that may block.
        let run = move || detect(request, ctx, State::new(Model::loudness()), out);
        assert!(tokio::task::spawn_blocking(run).await.unwrap().is_err());
        assert_eq!(stream.items(), Vec::<Value>::new());
    }
}
