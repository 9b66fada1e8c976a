//! Media in a job's input.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

use super::Media;
use super::check::{Difference, Unsuitable, checked};
use super::encoded::{self, Content};
use super::kind::{AnyMedia, AudioOnly, ImagesOnly, MediaKind};
use super::load::MediaLoad;
use crate::handler::JobContext;

/// The default limit of [`MediaInput`]: 64 MiB.
const MAX_BYTES: usize = 64 << 20;

/// Media in a job's input: base64, a data URL, or, with the feature `download`, an http or https URL.
///
/// Use it as a field of your input type, mostly as [`ImageInput`] or [`AudioInput`], which also check the format.
/// Content inside the input is checked before the handler runs. The job fails if the content is no valid base64, is a
/// PNG, WAV or WebP file that was cut off, has another format, or has too many bytes. The error names the place in the
/// input. [`load`](Self::load) then returns the content, and fetches it first if the input names a URL, by the rules of
/// safe downloads (`docs/how-to/download-files.md`).
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{ImageInput, MediaError, testing};
///
/// #[derive(Deserialize)]
/// struct Question {
///     image: ImageInput,
///     text: String,
/// }
///
/// #[runpod::handler]
/// async fn describe(question: Question, ctx: JobContext) -> Result<String, MediaError> {
///     let image = question.image.load(&ctx).await?;
///     Ok(format!("{} of {} bytes", image.media_type(), image.bytes().len()))
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let input = json!({ "image": "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "text": "What is it?" });
/// let report = testing::Job::new(input).run(describe).await;
/// assert_eq!(report.output, Some(json!("image/gif of 14 bytes")));
///
/// let input = json!({ "image": "cat.png", "text": "What is it?" });
/// let error = testing::Job::new(input).run(describe).await.error.unwrap();
/// assert!(error.contains("input.image: invalid value: base64 with the character `.`"), "{error}");
/// # }
/// ```
///
/// `MAX_BYTES` is the largest size in bytes, for content in the input and for downloads: 64 MiB, unless you write
/// another number, such as `MediaInput<AnyMedia, 1_000_000>`.
///
/// Needs the feature `media`.
pub struct MediaInput<K: MediaKind = AnyMedia, const MAX_BYTES: usize = { self::MAX_BYTES }> {
    source: Source,
    kind: PhantomData<fn() -> K>,
}

/// An image in a job's input: a [`MediaInput`] that accepts only [images](ImagesOnly).
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{ImageInput, testing};
///
/// #[derive(Deserialize)]
/// struct Avatar {
///     /// At most 100,000 bytes.
///     image: ImageInput<100_000>,
/// }
///
/// #[runpod::handler]
/// fn resize(avatar: Avatar) -> bool {
///     avatar.image.url().is_some()
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let pdf = testing::Job::new(json!({ "image": "data:image/png;base64,JVBERi0xLjcK" }));
/// let error = pdf.blocking(resize).await.error.unwrap();
/// assert!(error.contains("input.image: invalid value: a file of the type application/pdf"), "{error}");
/// # }
/// ```
pub type ImageInput<const MAX_BYTES: usize = { self::MAX_BYTES }> =
    MediaInput<ImagesOnly, MAX_BYTES>;

/// A sound in a job's input: a [`MediaInput`] that accepts only [audio files](AudioOnly).
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{AudioInput, MediaError, testing};
///
/// /// A plain `fn` waits for the content.
/// #[runpod::handler]
/// fn transcribe(audio: AudioInput, ctx: JobContext) -> Result<String, MediaError> {
///     let audio = audio.load(&ctx).wait()?;
///     Ok(audio.media_type().to_owned())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("SUQzBAAAAAAAAA==")).blocking(transcribe).await;
/// assert_eq!(report.output, Some(json!("audio/mpeg")));
/// # }
/// ```
pub type AudioInput<const MAX_BYTES: usize = { self::MAX_BYTES }> =
    MediaInput<AudioOnly, MAX_BYTES>;

#[derive(Debug, Clone)]
enum Source {
    Inline(Media),
    #[cfg(feature = "download")]
    Url(String),
}

impl<K: MediaKind, const MAX_BYTES: usize> MediaInput<K, MAX_BYTES> {
    /// Returns the content. If the input names a URL, the content is downloaded into memory first.
    ///
    /// Await it, or call [`wait`](MediaLoad::wait) in a plain `fn`.
    pub fn load(&self, ctx: &JobContext) -> MediaLoad {
        #[cfg(not(feature = "download"))]
        let _ = ctx;
        match &self.source {
            Source::Inline(media) => MediaLoad::ready(media.clone()),
            #[cfg(feature = "download")]
            Source::Url(url) => MediaLoad::download(ctx, url, MAX_BYTES, checked::<K, MAX_BYTES>),
        }
    }

    /// Returns the content if it is inside the input, and `None` if the input names a URL.
    ///
    /// ```
    /// use runpod::{ImageInput, serde_json};
    ///
    /// let image: ImageInput = serde_json::from_str(r#""data:image/gif;base64,R0lGODlhAQABAAAAACw=""#).unwrap();
    /// assert_eq!(image.inline().unwrap().media_type(), "image/gif");
    /// assert!(image.url().is_none());
    /// ```
    pub fn inline(&self) -> Option<&Media> {
        match &self.source {
            Source::Inline(media) => Some(media),
            #[cfg(feature = "download")]
            Source::Url(_) => None,
        }
    }

    /// Returns the URL, if the input names one. It may contain a signature, so do not log it.
    pub fn url(&self) -> Option<&str> {
        match &self.source {
            Source::Inline(_) => None,
            #[cfg(feature = "download")]
            Source::Url(url) => Some(url),
        }
    }

    fn of(text: &str) -> Result<Self, Unsuitable> {
        let what = || format!("{} as {}", K::NAME, forms());
        let source = match encoded::read(text) {
            Ok(Content::Inline { bytes, declared }) => {
                Source::Inline(checked::<K, MAX_BYTES>(bytes, declared)?)
            }
            #[cfg(feature = "download")]
            Ok(Content::Url(url)) => Source::Url(url.to_owned()),
            #[cfg(not(feature = "download"))]
            Ok(Content::Url(url)) => {
                let found = format!("a URL of {} bytes", url.len());
                return Err(Unsuitable::format(found, what()));
            }
            Err(found) => return Err(Unsuitable::format(found, what())),
        };
        Ok(Self {
            source,
            kind: PhantomData,
        })
    }
}

/// The forms that an input may have.
fn forms() -> &'static str {
    if cfg!(feature = "download") {
        "base64, a data URL, or an http or https URL"
    } else {
        "base64 or a data URL"
    }
}

/// Describes the texts that an input accepts, for its JSON Schema.
#[cfg(feature = "schema")]
pub(super) fn description(name: &str, max_bytes: usize) -> String {
    let name = name.strip_prefix("an ").or(name.strip_prefix("a "));
    let name = name.unwrap_or_default();
    format!("The {name} as {}. At most {max_bytes} bytes.", forms())
}

impl<'de, K: MediaKind, const MAX_BYTES: usize> Deserialize<'de> for MediaInput<K, MAX_BYTES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<K, const MAX_BYTES: usize>(PhantomData<fn() -> K>);

impl<K: MediaKind, const MAX_BYTES: usize> Visitor<'_> for TextVisitor<K, MAX_BYTES> {
    type Value = MediaInput<K, MAX_BYTES>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}", K::NAME, forms())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        MediaInput::of(text).map_err(|it| {
            let Difference { found, expected } = it.difference();
            E::invalid_value(Unexpected::Other(found), &expected.as_str())
        })
    }
}

/// Writes the data URL or the URL, for tests and for workers that pass their input on.
impl<K: MediaKind, const MAX_BYTES: usize> Serialize for MediaInput<K, MAX_BYTES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.source {
            Source::Inline(media) => media.serialize(serializer),
            #[cfg(feature = "download")]
            Source::Url(url) => url.serialize(serializer),
        }
    }
}

impl<K: MediaKind, const MAX_BYTES: usize> Clone for MediaInput<K, MAX_BYTES> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            kind: PhantomData,
        }
    }
}

impl<K: MediaKind, const MAX_BYTES: usize> fmt::Debug for MediaInput<K, MAX_BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Inline(media) => media.fmt(f),
            // A URL may contain a signature.
            #[cfg(feature = "download")]
            Source::Url(url) => write!(f, "MediaInput(a URL of {} bytes)", url.len()),
        }
    }
}
