//! Media in memory: bytes with their media type.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::error::{Cause, MediaError};
use super::{complete, format, wav};

/// An image, a sound or another file in memory, with its media type.
///
/// As an output or a stream item of a handler, it becomes a data URL (`data:image/png;base64,…`), which browsers show as
/// it is. The page of the local endpoint shows images and plays sounds, and `cargo runpod invoke --save DIR` writes
/// files. A clone shares the bytes.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{Media, MediaError, testing};
///
/// #[derive(Serialize)]
/// struct Speech {
///     audio: Media,
///     seconds: f32,
/// }
///
/// #[runpod::handler]
/// fn speak(text: String) -> Result<Speech, MediaError> {
///     let samples = vec![0.0; text.len() * 2400]; // from a model
///     Ok(Speech {
///         audio: Media::wav_from_samples(24_000, 1, &samples)?,
///         seconds: samples.len() as f32 / 24_000.0,
///     })
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("to be")).blocking(speak).await;
/// let output = report.output.unwrap();
/// assert!(output["audio"].as_str().unwrap().starts_with("data:audio/wav;base64,UklGR"));
/// # }
/// ```
///
/// A result can have 20 MB at most, and base64 needs a third more space than the bytes. For larger media, upload the
/// bytes with `ctx.upload` (feature `upload`), and return the URL.
///
/// Needs the feature `media`.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    bytes: Bytes,
    media_type: Cow<'static, str>,
}

impl Media {
    /// Creates media with this type, such as `image/png`. The beginning of the bytes is compared with the type, so an
    /// image in another format is found here and not by a client.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// let table = Media::new("a,b\n1,2".as_bytes(), "text/csv").unwrap();
    /// assert_eq!(table.to_data_url(), "data:text/csv;base64,YSxiCjEsMg==");
    ///
    /// let error = Media::new("a,b\n1,2".as_bytes(), "image/png").unwrap_err();
    /// assert!(error.to_string().contains("not image/png"), "{error}");
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text is no media type, if the bytes begin like another format, or if a PNG, WAV or WebP
    /// file was cut off, for example because its encoder was not finished.
    pub fn new(bytes: impl Into<Bytes>, media_type: &str) -> Result<Self, MediaError> {
        let bytes = bytes.into();
        let declared = format::declared(media_type).ok_or_else(|| {
            let shown = crate::text::visible(media_type);
            Cause::Format(format!(
                "`{shown}` is not a media type; expected a type such as image/png or audio/wav"
            ))
        })?;
        let found = format::of(&bytes);
        if !format::agree(&declared, found) {
            let found = found.unwrap_or("of an unknown format");
            return Err(Cause::Format(format!(
                "the content is {found}, not {declared}; declare the type that your encoder writes, or let \
                 `Media::detect` find it"
            ))
            .into());
        }
        if let Some(why) = complete::missing(&bytes) {
            return Err(Cause::Incomplete(format!(
                "the content is not complete: {why}; finish the encoder before you take its bytes"
            ))
            .into());
        }
        Ok(Self {
            bytes,
            media_type: declared,
        })
    }

    /// Creates media whose type the first bytes show. If they show nothing, the type is `application/octet-stream`.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// assert_eq!(Media::detect(b"GIF89a".as_slice()).media_type(), "image/gif");
    /// assert_eq!(Media::detect("hello".as_bytes()).media_type(), "application/octet-stream");
    /// ```
    pub fn detect(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let media_type = format::of(&bytes).unwrap_or(format::UNKNOWN);
        Self::of_known(bytes, Cow::Borrowed(media_type))
    }

    pub(super) fn of_known(bytes: Bytes, media_type: Cow<'static, str>) -> Self {
        Self { bytes, media_type }
    }

    /// Creates a PNG image from the bytes of its encoder.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// let not_finished = Media::png(b"\x89PNG\r\n\x1a\n".as_slice()).unwrap_err();
    /// assert!(not_finished.to_string().contains("finish the encoder"));
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`new`](Self::new).
    pub fn png(bytes: impl Into<Bytes>) -> Result<Self, MediaError> {
        Self::new(bytes, "image/png")
    }

    /// Creates a JPEG image from the bytes of its encoder.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// assert!(Media::jpeg(b"\xff\xd8\xff\xe0".as_slice()).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`new`](Self::new).
    pub fn jpeg(bytes: impl Into<Bytes>) -> Result<Self, MediaError> {
        Self::new(bytes, "image/jpeg")
    }

    /// Creates a WebP image from the bytes of its encoder.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// assert!(Media::webp(b"RIFF\x04\0\0\0WEBP".as_slice()).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`new`](Self::new).
    pub fn webp(bytes: impl Into<Bytes>) -> Result<Self, MediaError> {
        Self::new(bytes, "image/webp")
    }

    /// Creates a sound from the bytes of a WAV file.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// assert!(Media::wav(b"RIFF\x04\0\0\0WAVE".as_slice()).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`new`](Self::new).
    pub fn wav(bytes: impl Into<Bytes>) -> Result<Self, MediaError> {
        Self::new(bytes, "audio/wav")
    }

    /// Creates a sound from the bytes of an MP3 file.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// assert!(Media::mp3(b"ID3\x04".as_slice()).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`new`](Self::new).
    pub fn mp3(bytes: impl Into<Bytes>) -> Result<Self, MediaError> {
        Self::new(bytes, "audio/mpeg")
    }

    /// Creates a WAV file with 16 bits per sample from samples between -1 and 1. Samples outside this range are cut to
    /// it. With several channels, the samples of each moment are side by side: left, right, left, right.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// // A tone of 440 Hz for one second.
    /// let tone: Vec<f32> = (0..16_000).map(|n| (n as f32 / 16_000.0 * 440.0 * std::f32::consts::TAU).sin()).collect();
    /// let sound = Media::wav_from_samples(16_000, 1, &tone).unwrap();
    /// assert_eq!(sound.bytes().len(), 44 + 2 * 16_000);
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the rate or the number of channels is 0, if the samples do not fill all channels, if a sample
    /// is not a finite number, or if the file would exceed the limits of the format (4 GiB).
    pub fn wav_from_samples(
        sample_rate: u32,
        channels: u16,
        samples: &[f32],
    ) -> Result<Self, MediaError> {
        let file = wav::of_samples(sample_rate, channels, samples)?;
        Ok(Self::of_known(file.into(), Cow::Borrowed("audio/wav")))
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes, without a copy if nothing else shares them.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into()
    }

    /// Returns the media type, such as `image/png`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Returns the bytes as base64, for clients that expect base64 without a media type.
    ///
    /// ```
    /// use runpod::Media;
    ///
    /// let text = Media::detect("hello".as_bytes());
    /// assert_eq!(text.to_base64(), "aGVsbG8=");
    /// assert_eq!(text.into_bytes(), b"hello");
    /// ```
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// Returns the data URL, which is also the form in JSON.
    pub fn to_data_url(&self) -> String {
        AsDataUrl(self).to_string()
    }
}

struct AsDataUrl<'m>(&'m Media);

impl fmt::Display for AsDataUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = Base64Display::new(&self.0.bytes, &STANDARD);
        write!(f, "data:{};base64,{content}", self.0.media_type)
    }
}

impl Serialize for Media {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The base64 goes directly into the body of the result.
        serializer.collect_str(&AsDataUrl(self))
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Media({}, {} bytes)", self.media_type, self.bytes.len())
    }
}
