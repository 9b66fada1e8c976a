//! The content of an upload: bytes, a file, or a stream.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::download::Downloaded;
use crate::error::BoxError;

/// What [`JobContext::upload`](crate::JobContext::upload) uploads: bytes, a file, or a stream of bytes.
///
/// A `Vec<u8>` (or `bytes::Bytes`) is the content itself. A `&Path` or `PathBuf`, or a reference to a
/// [`Downloaded`] file, names a file with the content.
///
/// ```
/// use std::path::Path;
///
/// use runpod::prelude::*;
/// use runpod::UploadContent;
///
/// #[runpod::handler]
/// async fn store(text: String, ctx: JobContext) -> Result<Vec<String>, runpod::UploadError> {
///     let words: Vec<_> = text.split_whitespace().map(|word| Ok::<_, std::io::Error>(word.to_owned())).collect();
///     let words = stream! {
///         for word in words {
///             yield word; // made while it is uploaded
///         }
///     };
///     Ok(vec![
///         ctx.upload("text.txt", text.into_bytes()).await?.into_url(),
///         ctx.upload("video.mp4", Path::new("/tmp/video.mp4")).await?.into_url(),
///         ctx.upload("words.txt", UploadContent::stream(words)).await?.into_url(),
///     ])
/// }
/// ```
pub struct UploadContent<'a>(pub(super) Source<'a>);

pub(super) enum Source<'a> {
    Bytes(Bytes),
    File(PathBuf),
    Stream(Chunks<'a>),
}

/// A stream of pieces of a content.
pub(super) type Chunks<'a> = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send + 'a>>;

impl<'a> UploadContent<'a> {
    /// Uploads what a stream yields. If the stream yields an error, the upload fails, and nothing is stored.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::UploadContent;
    ///
    /// #[runpod::handler]
    /// async fn count(to: u32, ctx: JobContext) -> Result<String, runpod::UploadError> {
    ///     let lines = stream! {
    ///         for number in 0..to {
    ///             yield Ok::<_, std::io::Error>(format!("{number}\n"));
    ///         }
    ///     };
    ///     Ok(ctx.upload("numbers.txt", UploadContent::stream(lines)).await?.into_url())
    /// }
    /// ```
    pub fn stream<B, E>(stream: impl Stream<Item = Result<B, E>> + Send + 'a) -> Self
    where
        B: Into<Bytes> + 'a,
        E: Into<Box<dyn Error + Send + Sync>> + 'a,
    {
        Self(Source::Stream(Box::pin(Converted(Box::pin(stream)))))
    }
}

/// A stream whose items are converted.
struct Converted<S>(Pin<Box<S>>);

impl<S, B, E> Stream for Converted<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<BoxError>,
{
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = self.0.as_mut().poll_next(context);
        item.map(|item| item.map(|item| item.map(Into::into).map_err(Into::into)))
    }
}

impl From<Vec<u8>> for UploadContent<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Source::Bytes(bytes.into()))
    }
}

impl From<Bytes> for UploadContent<'_> {
    fn from(bytes: Bytes) -> Self {
        Self(Source::Bytes(bytes))
    }
}

impl From<PathBuf> for UploadContent<'_> {
    fn from(path: PathBuf) -> Self {
        Self(Source::File(path))
    }
}

impl From<&Path> for UploadContent<'_> {
    fn from(path: &Path) -> Self {
        Self(Source::File(path.to_owned()))
    }
}

impl From<&Downloaded> for UploadContent<'_> {
    fn from(file: &Downloaded) -> Self {
        Self(Source::File(file.path().to_owned()))
    }
}

impl fmt::Debug for UploadContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Bytes(bytes) => f.debug_tuple("Bytes").field(&bytes.len()).finish(),
            Source::File(path) => f.debug_tuple("File").field(path).finish(),
            Source::Stream(_) => f.write_str("Stream"),
        }
    }
}
