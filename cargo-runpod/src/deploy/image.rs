//! The image of the worker: built and pushed, or one that a registry already has.

use super::Arguments;
use crate::build;
use crate::failure::Failure;
use crate::image::registry::{Client, Name};
use crate::invoke::code;
use crate::selection::Worker;
use crate::settings::deploy::Deploy;
use crate::settings::image::Image;

/// The source of the image.
pub(super) enum Source {
    /// A registry has it under this reference.
    Registry(String),
    /// It is built from the worker.
    Worker(Box<Build>),
}

/// A build that has not started yet.
pub(super) struct Build {
    worker: Worker,
    settings: Image,
    to: Client,
    is_insecure: bool,
}

impl Source {
    /// Checks everything that is known before a build: the names, the login, and the settings of the image.
    pub(super) fn of(
        arguments: &Arguments,
        settings: &Deploy,
        worker: &Worker,
    ) -> Result<Self, Failure> {
        let usage = |failure: Failure| failure.with_code(code::USAGE);
        if let Some(image) = &arguments.image {
            if image.trim().is_empty() || image.contains(char::is_whitespace) {
                return Err(usage(Failure::new(format!(
                    "--image: found {image:?}; expected the reference of an image, such as registry.example/name:tag"
                ))));
            }
            return Ok(Self::Registry(image.clone()));
        }
        let Some(name) = arguments.push.as_ref().or(settings.push.as_ref()) else {
            return Err(usage(Failure::new(
                "it is not known where to push the image: pass --push REGISTRY/NAME:TAG, or set push in \
                 [package.metadata.runpod.deploy]. To deploy an image that a registry already has, pass --image",
            )));
        };
        let to = build::target(name, arguments.insecure).map_err(usage)?;
        let settings = Image::of(worker).map_err(usage)?;
        settings.check().map_err(usage)?;
        Ok(Self::Worker(Box::new(Build {
            worker: worker.clone().with_features(&settings.features),
            settings,
            to,
            is_insecure: arguments.insecure,
        })))
    }
}

impl Build {
    /// Returns the name under which the image is pushed.
    pub(super) fn name(&self) -> String {
        self.to.name().to_string()
    }

    /// Returns the reference of the image with this digest.
    pub(super) fn image(&self, digest: &str) -> String {
        reference(self.to.name(), digest)
    }

    /// Builds and pushes the image, and returns its reference with its digest.
    pub(super) async fn pushed(self: Box<Self>) -> Result<String, Failure> {
        // The build waits for cargo, so it runs on a thread that may block.
        let done = tokio::task::spawn_blocking(move || {
            let name = self.to.name().clone();
            let pushed =
                build::built_and_pushed(&self.settings, &self.worker, self.to, self.is_insecure)?;
            Ok(reference(&name, &pushed.digest))
        });
        done.await
            .map_err(|error| Failure::new(format!("the build stopped: {error}")))?
    }
}

/// Returns the reference of an image by its digest. A tag may name other content later, but a digest always names the
/// same content. So an endpoint with the same reference is up to date.
fn reference(name: &Name, digest: &str) -> String {
    format!("{}/{}@{digest}", name.registry(), name.repository())
}
