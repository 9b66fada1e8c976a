//! A base image: its manifest and its configuration. Its layers stay in the registry.

use std::sync::Arc;

use oci_spec::image::{ImageIndex, ImageManifest, MediaType};
use serde_json::Value;

use super::digest;
use super::registry::{Client, Name, Trouble};
use crate::failure::Failure;

/// Docker's own formats of a manifest and of an index.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The types of layers that container engines unpack. Other layers, such as encrypted ones or those whose content is not
/// in the registry, would make an image that does not start.
const LAYERS: [&str; 6] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
];

pub(crate) struct Base {
    /// The registry with the layers.
    pub(crate) client: Arc<Client>,
    pub(crate) name: Name,
    /// The digest of the manifest for x86-64 Linux.
    pub(crate) digest: String,
    pub(crate) manifest: ImageManifest,
    pub(crate) configuration: Value,
    /// Whether the manifest has Docker's own format.
    pub(crate) is_docker: bool,
}

impl Base {
    /// Reads a base image from its registry.
    pub(crate) async fn fetched(client: Client) -> Result<Self, Failure> {
        let name = client.name().clone();
        let failed = |trouble: Trouble| {
            trouble.failure(&format!("reading the base image {name}"), name.registry())
        };
        let unusable =
            |why: String| Failure::new(format!("--base: the image {name} cannot be used: {why}"));
        let types = [
            MediaType::ImageIndex.as_ref(),
            MediaType::ImageManifest.as_ref(),
            DOCKER_LIST,
            DOCKER_MANIFEST,
        ]
        .join(", ");
        let (mut of, mut text) = client
            .manifest(name.version(), &types)
            .await
            .map_err(failed)?;
        if name.has_digest() && digest::of(&text) != name.version() {
            return Err(unusable(
                "the registry's manifest does not have the digest in the name".to_owned(),
            ));
        }
        if of == MediaType::ImageIndex.as_ref() || of == DOCKER_LIST {
            let index: ImageIndex = serde_json::from_slice(&text)
                .map_err(|error| unusable(format!("its index is invalid: {error}")))?;
            let wanted = for_this_platform(&index).map_err(unusable)?;
            (of, text) = client.manifest(&wanted, &types).await.map_err(failed)?;
            if digest::of(&text) != wanted {
                return Err(unusable(format!(
                    "the registry's manifest does not have the digest {wanted}"
                )));
            }
        }
        if of != MediaType::ImageManifest.as_ref() && of != DOCKER_MANIFEST {
            return Err(unusable(format!(
                "its manifest has the format {of:?}; expected {} or {DOCKER_MANIFEST}",
                MediaType::ImageManifest.as_ref()
            )));
        }
        let manifest: ImageManifest = serde_json::from_slice(&text)
            .map_err(|error| unusable(format!("its manifest is invalid: {error}")))?;
        let digests = manifest.layers().iter().chain([manifest.config()]);
        for digest in digests.map(|it| it.digest().to_string()) {
            if !digest::is_valid(&digest) {
                return Err(unusable(format!(
                    "it has a blob with the digest {digest:?}"
                )));
            }
        }
        for layer in manifest.layers() {
            let of = layer.media_type().to_string();
            if !LAYERS.contains(&of.as_str()) {
                return Err(unusable(format!(
                    "its layer {} has the type {of:?}; expected a tar archive, uncompressed or compressed with gzip or zstd",
                    layer.digest()
                )));
            }
        }
        let of_configuration = manifest.config().digest().to_string();
        let configuration = client.blob(&of_configuration).await.map_err(failed)?;
        let configuration: Value = serde_json::from_slice(&configuration)
            .map_err(|error| unusable(format!("its configuration is invalid: {error}")))?;
        let word = |key: &str| {
            let word = configuration.get(key).and_then(Value::as_str);
            word.unwrap_or("nothing").to_owned()
        };
        let platform = format!("{}/{}", word("os"), word("architecture"));
        if platform != "linux/amd64" {
            return Err(unusable(format!(
                "it is for {platform}; a worker needs linux/amd64"
            )));
        }
        Ok(Self {
            digest: digest::of(&text),
            is_docker: of == DOCKER_MANIFEST,
            client: Arc::new(client),
            name,
            manifest,
            configuration,
        })
    }

    /// Returns the size of the layers in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let layers = self.manifest.layers().iter();
        layers.map(oci_spec::image::Descriptor::size).sum()
    }
}

/// Returns the digest of the manifest for x86-64 Linux, or the platforms that the index has instead.
fn for_this_platform(index: &ImageIndex) -> Result<String, String> {
    let mut others = Vec::new();
    for manifest in index.manifests() {
        let Some(platform) = manifest.platform() else {
            continue;
        };
        let its = format!("{}/{}", platform.os(), platform.architecture());
        if its == "linux/amd64" {
            let digest = manifest.digest().to_string();
            return if digest::is_valid(&digest) {
                Ok(digest)
            } else {
                Err(format!("its index has the digest {digest:?}"))
            };
        }
        others.push(its);
    }
    Err(format!(
        "it has no manifest for linux/amd64, which a worker needs; it is for {}",
        if others.is_empty() {
            "no platform".to_owned()
        } else {
            others.join(", ")
        }
    ))
}
