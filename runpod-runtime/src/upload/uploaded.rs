//! The file that was uploaded.

use serde::{Serialize, Serializer};

/// A file that was uploaded completely.
///
/// It serialises as its URL, so a handler can return it, or put it into its output.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::Uploaded;
///
/// #[derive(Serialize)]
/// struct Output {
///     image: Uploaded,
///     bytes: u64,
///     content_type: String,
///     key: String,
/// }
///
/// #[runpod::handler]
/// async fn render(prompt: String, ctx: JobContext) -> Result<Output, runpod::UploadError> {
///     let image = ctx.upload("image.png", prompt.into_bytes()).await?;
///     Ok(Output {
///         bytes: image.len(),
///         content_type: image.content_type().to_owned(),
///         key: image.key().to_owned(),
///         image, // "https://…/image.png?X-Amz-…"
///     })
/// }
///
/// /// Returns only the URL, as text.
/// #[runpod::handler]
/// async fn link(prompt: String, ctx: JobContext) -> Result<String, runpod::UploadError> {
///     let text = ctx.upload("prompt.txt", prompt.into_bytes()).await?;
///     assert!(text.url().contains("prompt.txt"));
///     Ok(text.into_url())
/// }
/// ```
#[derive(Clone)]
pub struct Uploaded {
    pub(super) url: String,
    pub(super) key: String,
    pub(super) bytes: u64,
    pub(super) content_type: String,
}

impl Uploaded {
    /// Returns the presigned URL, with which anybody can fetch the file until the URL expires. Without a bucket, it is
    /// the path of the file in the local folder.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the [URL](Self::url) as an owned text.
    pub fn into_url(self) -> String {
        self.url
    }

    /// Returns the key of the object in its bucket.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the media type with which the file is stored.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Returns the size of the file in bytes.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a file's size is not a collection's length"
    )]
    pub fn len(&self) -> u64 {
        self.bytes
    }
}

impl Serialize for Uploaded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.url)
    }
}

impl std::fmt::Debug for Uploaded {
    /// Leaves out the URL, which contains a signature.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uploaded")
            .field("key", &self.key)
            .field("bytes", &self.bytes)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
