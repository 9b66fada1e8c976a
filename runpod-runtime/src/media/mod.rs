//! Images, audio and other media in the inputs and outputs of jobs.
//!
//! `media` holds the bytes with their media type, `input` reads them from a job's input, `check` decides whether the
//! input accepts them, and `load` fetches those that the input names by URL. `format` recognises formats by their first
//! bytes, `complete` finds content that was cut off, and `wav` writes samples. Nothing in here decodes an image or a
//! sound.

mod check;
mod complete;
mod encoded;
mod error;
mod format;
mod input;
mod kind;
mod load;
#[expect(clippy::module_inception, reason = "the file is named after its type")]
mod media;
#[cfg(feature = "schema")]
mod schema;
mod wav;

pub use error::{MediaError, MediaErrorKind};
pub use input::{AudioInput, ImageInput, MediaInput};
pub use kind::{AnyMedia, AudioOnly, ImagesOnly, MediaKind};
pub use load::MediaLoad;
pub use media::Media;

#[cfg(test)]
mod tests;
