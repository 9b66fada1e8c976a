//! The kinds of media that an input accepts.

/// The kind of media that a [`MediaInput`](super::MediaInput) accepts: [`AnyMedia`], [`ImagesOnly`] or [`AudioOnly`].
///
/// You do not implement this trait. It is the bound of code that works with every kind:
///
/// ```
/// use runpod::{JobContext, Media, MediaError, MediaInput, MediaKind};
///
/// async fn size_of<K: MediaKind>(input: &MediaInput<K>, ctx: &JobContext) -> Result<usize, MediaError> {
///     Ok(input.load(ctx).await?.bytes().len())
/// }
/// ```
pub trait MediaKind: sealed::Kind + Send + Sync + 'static {}

/// The kind of a [`MediaInput`](super::MediaInput) that accepts every content.
///
/// ```
/// use runpod::{AnyMedia, MediaInput};
///
/// let input: MediaInput<AnyMedia> = runpod::serde_json::from_str(r#""data:text/plain,hello""#).unwrap();
/// assert!(input.url().is_none());
/// ```
#[derive(Debug, Clone, Copy)]
pub enum AnyMedia {}

/// The kind of an [`ImageInput`](super::ImageInput): pictures whose format has a known beginning, such as PNG, JPEG,
/// WebP, GIF, AVIF, BMP and TIFF. SVG is a text, so it is not accepted.
///
/// ```
/// use runpod::{ImageInput, ImagesOnly, MediaInput};
///
/// fn same(input: ImageInput) -> MediaInput<ImagesOnly> {
///     input
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub enum ImagesOnly {}

/// The kind of an [`AudioInput`](super::AudioInput): sounds whose format has a known beginning, such as WAV, MP3, FLAC,
/// OGG, M4A and AAC. A file of a video format, such as MP4, is accepted, too, because it may contain only a sound.
///
/// ```
/// use runpod::{AudioInput, AudioOnly, MediaInput};
///
/// fn same(input: AudioInput) -> MediaInput<AudioOnly> {
///     input
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub enum AudioOnly {}

impl MediaKind for AnyMedia {}
impl MediaKind for ImagesOnly {}
impl MediaKind for AudioOnly {}

pub(super) mod sealed {
    pub trait Kind {
        /// The name of the kind in messages.
        const NAME: &'static str;
        /// The media types of the kind, for schemas.
        const TYPES: Option<&'static str>;
        /// Returns whether content of this media type is accepted.
        fn accepts(media_type: &str) -> bool;
    }
}

impl sealed::Kind for AnyMedia {
    const NAME: &'static str = "a file";
    const TYPES: Option<&'static str> = None;

    fn accepts(_: &str) -> bool {
        true
    }
}

impl sealed::Kind for ImagesOnly {
    const NAME: &'static str = "an image";
    const TYPES: Option<&'static str> = Some("image/*");

    fn accepts(media_type: &str) -> bool {
        media_type.starts_with("image/")
    }
}

impl sealed::Kind for AudioOnly {
    const NAME: &'static str = "a sound";
    const TYPES: Option<&'static str> = Some("audio/*");

    fn accepts(media_type: &str) -> bool {
        media_type.starts_with("audio/") || media_type.starts_with("video/")
    }
}
