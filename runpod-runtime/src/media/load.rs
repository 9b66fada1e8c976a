//! The content of a media input that a handler asks for.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::{Media, MediaError};

type Loading = Pin<Box<dyn Future<Output = Result<Media, MediaError>> + Send>>;

/// The content of a [`MediaInput`](super::MediaInput), from [`load`](super::MediaInput::load). Await it, or call
/// [`wait`](Self::wait) in a plain `fn`.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{AudioInput, Media, MediaError};
///
/// #[runpod::handler]
/// async fn echo(audio: AudioInput, ctx: JobContext) -> Result<Media, MediaError> {
///     audio.load(&ctx).await
/// }
/// ```
///
/// # Cancel safety
///
/// If the future is dropped, a download stops.
#[must_use = "the content is loaded only when it is awaited"]
pub struct MediaLoad(Loaded);

enum Loaded {
    Ready(Media),
    #[cfg(feature = "download")]
    Later(Loading),
}

impl MediaLoad {
    pub(super) fn ready(media: Media) -> Self {
        Self(Loaded::Ready(media))
    }

    /// Waits for the content in a plain `fn` handler.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::{ImageInput, MediaError};
    ///
    /// #[runpod::handler]
    /// fn size(image: ImageInput, ctx: JobContext) -> Result<usize, MediaError> {
    ///     Ok(image.load(&ctx).wait()?.bytes().len())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the input names a URL, and the download fails, or the file is not what the type of the input
    /// accepts. The error names the URL without its query.
    ///
    /// # Panics
    ///
    /// If the input names a URL, this panics in asynchronous code, which must not block: await the content there. Also
    /// panics outside a tokio runtime; handlers always run in one.
    pub fn wait(self) -> Result<Media, MediaError> {
        match self.0 {
            Loaded::Ready(media) => Ok(media),
            #[cfg(feature = "download")]
            Loaded::Later(loading) => tokio::runtime::Handle::current().block_on(loading),
        }
    }
}

#[cfg(feature = "download")]
mod download {
    use std::borrow::Cow;
    use std::io;

    use super::super::check::Unsuitable;
    use super::super::error::Cause;
    use super::super::format;
    use super::{Loaded, MediaLoad};
    use crate::download::name_of;
    use crate::handler::JobContext;
    use crate::media::{Media, MediaError};
    use crate::transfers;

    type Check = fn(Vec<u8>, Option<Cow<'static, str>>) -> Result<Media, Unsuitable>;

    impl MediaLoad {
        /// Prepares the download of at most `max_bytes`, whose content `check` accepts or refuses.
        pub(in crate::media) fn download(
            ctx: &JobContext,
            url: &str,
            max_bytes: usize,
            check: Check,
        ) -> Self {
            let name = name_of(url);
            let max_bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
            let download = ctx.download(url).max_bytes(max_bytes);
            Self(Loaded::Later(Box::pin(async move {
                let file = download.await.map_err(Cause::from)?;
                let declared = file.content_type().and_then(format::declared);
                let read = move || -> Result<Media, MediaError> {
                    let bytes = std::fs::read(file.path()).map_err(Cause::Disk)?;
                    // The bytes are in memory now. The job's directory is removed with the job in any case.
                    let _ = std::fs::remove_file(file.path());
                    check(bytes, declared).map_err(|it| it.of_file(&name).into())
                };
                let read = transfers::blocking(read).await;
                read.unwrap_or_else(|| {
                    let refused = io::Error::other("the system refused a thread");
                    Err(Cause::Disk(refused).into())
                })
            })))
        }
    }
}

impl IntoFuture for MediaLoad {
    type Output = Result<Media, MediaError>;
    type IntoFuture = Loading;

    fn into_future(self) -> Loading {
        match self.0 {
            Loaded::Ready(media) => Box::pin(std::future::ready(Ok(media))),
            #[cfg(feature = "download")]
            Loaded::Later(loading) => loading,
        }
    }
}

impl fmt::Debug for MediaLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.0 {
            Loaded::Ready(_) => "ready",
            #[cfg(feature = "download")]
            Loaded::Later(_) => "to be downloaded",
        };
        f.debug_tuple("MediaLoad").field(&state).finish()
    }
}
