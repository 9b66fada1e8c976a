//! The image of the worker: built and pushed, or one that a registry already has.

use super::Arguments;
use crate::failure::Failure;
use crate::invoke::code;

/// Returns the reference of the image to deploy.
pub(super) fn reference(arguments: &Arguments) -> Result<String, Failure> {
    match &arguments.image {
        Some(image) if image.trim().is_empty() || image.contains(char::is_whitespace) => Err(Failure::new(format!(
            "--image: found {image:?}; expected the reference of an image, such as registry.example/name:tag"
        ))
        .with_code(code::USAGE)),
        Some(image) => Ok(image.clone()),
        None => built_and_pushed(),
    }
}

/// Builds and pushes the worker's image, and returns its reference with its digest.
fn built_and_pushed() -> Result<String, Failure> {
    Err(Failure::new(
        "no image was given; pass --image with the reference of an image that a registry already has",
    )
    .with_code(code::USAGE))
}
