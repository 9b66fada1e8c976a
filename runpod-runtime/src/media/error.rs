//! The reasons why media cannot be used.

/// The reason why a [`Media`](crate::Media) could not be made or loaded.
///
/// The message says what was found and what was expected. If a handler returns this error, its job fails with that
/// message.
///
/// ```
/// use runpod::{Media, MediaErrorKind};
///
/// let error = Media::png(b"\xff\xd8\xff\xe0 a JPEG image".as_slice()).unwrap_err();
/// assert_eq!(error.kind(), MediaErrorKind::Format);
/// assert!(error.to_string().contains("image/jpeg"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct MediaError(Box<Cause>);

/// The category of a [`MediaError`].
///
/// ```
/// use runpod::{Media, MediaErrorKind};
///
/// let error = Media::wav_from_samples(24_000, 1, &[0.0, f32::NAN]).unwrap_err();
/// assert_eq!(error.kind(), MediaErrorKind::Samples);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaErrorKind {
    /// The content does not have the expected or declared format.
    Format,
    /// A PNG, WAV or WebP file was cut off. Other formats are not checked.
    Incomplete,
    /// The samples, their rate or the number of channels cannot be written as a WAV file.
    Samples,
    /// The input names a URL, and the download failed, or the file is too large.
    Download,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("{0}")]
    Format(String),
    #[error("{0}")]
    Incomplete(String),
    #[error("the samples cannot be written as a WAV file: {0}")]
    Samples(String),
    #[cfg(feature = "download")]
    #[error(transparent)]
    Download(#[from] crate::download::DownloadError),
    #[cfg(feature = "download")]
    #[error("the downloaded file could not be read: {0}")]
    Disk(std::io::Error),
}

impl MediaError {
    /// Returns the category of the error.
    pub fn kind(&self) -> MediaErrorKind {
        match &*self.0 {
            Cause::Format(_) => MediaErrorKind::Format,
            Cause::Incomplete(_) => MediaErrorKind::Incomplete,
            Cause::Samples(_) => MediaErrorKind::Samples,
            #[cfg(feature = "download")]
            Cause::Download(_) | Cause::Disk(_) => MediaErrorKind::Download,
        }
    }
}

impl From<Cause> for MediaError {
    fn from(cause: Cause) -> Self {
        Self(Box::new(cause))
    }
}
