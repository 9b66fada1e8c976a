//! An image as a folder, in the OCI image layout.
//!
//! ```text
//! oci-layout          the version of the layout
//! index.json          which manifest the image has
//! blobs/sha256/…      the manifest, the configuration and the layers, each named by its digest
//! ```
//!
//! The layers of a base image are listed in the manifest, but their blobs stay in the registry of the base.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use oci_spec::image::{
    Descriptor, ImageIndexBuilder, ImageManifest, ImageManifestBuilder, MediaType, SCHEMA_VERSION,
    Sha256Digest,
};
use std::str::FromStr as _;

use super::base::{Base, DOCKER_MANIFEST};
use super::configuration::{self, Wanted};
use super::digest::{self, digits};
use super::layer::Layer;

/// The version of the layout, as the specification wants it.
const LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// A blob of the image.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) digest: String,
    pub(crate) bytes: u64,
    /// Whether the blob belongs to the base image. Its content is in the base's registry, not in the layout.
    pub(crate) is_of_base: bool,
}

/// An image in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// The folder. It moves when the image is put in its place.
    pub(crate) folder: PathBuf,
    /// The digest of the manifest, which identifies the image.
    pub(crate) digest: String,
    pub(crate) manifest: Vec<u8>,
    pub(crate) manifest_type: String,
    /// The configuration and the layers, the base's layers first.
    pub(crate) blobs: Vec<Blob>,
    pub(crate) configuration: Blob,
}

impl Written {
    /// Returns the file of a blob that is in the layout.
    pub(crate) fn file(&self, digest: &str) -> PathBuf {
        blobs(&self.folder).join(digits(digest))
    }
}

/// Returns the folder of the blobs.
pub(crate) fn blobs(folder: &Path) -> PathBuf {
    folder.join("blobs/sha256")
}

/// Writes all but the layers, which are in their place already.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    base: Option<&Base>,
    wanted: &Wanted,
    layers: &[Layer],
) -> io::Result<Written> {
    let blobs = blobs(folder);
    fs::create_dir_all(&blobs)?;
    let made = configuration::made(base.map(|base| &base.configuration), wanted, layers);
    let made = serde_json::to_vec(&made)?;
    let configuration = Blob {
        digest: digest::of(&made),
        bytes: made.len() as u64,
        is_of_base: false,
    };
    fs::write(blobs.join(digits(&configuration.digest)), &made)?;
    let manifest = manifest(base, &configuration, layers)?;
    let manifest_type = manifest
        .media_type()
        .as_ref()
        .map_or_else(|| MediaType::ImageManifest.to_string(), ToString::to_string);
    let text = serde_json::to_vec(&manifest)?;
    let id = digest::of(&text);
    fs::write(blobs.join(digits(&id)), &text)?;

    let mut entry = descriptor(&manifest_type, text.len() as u64, &id)?;
    entry.set_annotations(Some(
        [(
            "org.opencontainers.image.ref.name".to_owned(),
            name.to_owned(),
        )]
        .into(),
    ));
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![entry])
        .build()
        .map_err(io::Error::other)?;
    fs::write(folder.join("index.json"), serde_json::to_vec(&index)?)?;
    fs::write(folder.join("oci-layout"), LAYOUT)?;

    let of_base = base.into_iter().flat_map(|base| base.manifest.layers());
    let blobs = of_base
        .map(|layer| Blob {
            digest: layer.digest().to_string(),
            bytes: layer.size(),
            is_of_base: true,
        })
        .chain(layers.iter().map(|layer| Blob {
            digest: layer.digest.clone(),
            bytes: layer.bytes,
            is_of_base: false,
        }))
        .collect();
    Ok(Written {
        folder: folder.to_owned(),
        digest: id,
        manifest: text,
        manifest_type,
        blobs,
        configuration,
    })
}

/// Returns the manifest. It has the format of the base's, because some tools refuse a mixture of both formats.
fn manifest(
    base: Option<&Base>,
    configuration: &Blob,
    layers: &[Layer],
) -> io::Result<ImageManifest> {
    let is_docker = base.is_some_and(|base| base.is_docker);
    let (of_manifest, of_configuration, of_layer) = if is_docker {
        (
            DOCKER_MANIFEST.to_owned(),
            "application/vnd.docker.container.image.v1+json".to_owned(),
            "application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned(),
        )
    } else {
        (
            MediaType::ImageManifest.to_string(),
            MediaType::ImageConfig.to_string(),
            MediaType::ImageLayerGzip.to_string(),
        )
    };
    let mut all: Vec<Descriptor> = base
        .map(|base| base.manifest.layers().clone())
        .unwrap_or_default();
    for layer in layers {
        all.push(descriptor(&of_layer, layer.bytes, &layer.digest)?);
    }
    ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::from(of_manifest.as_str()))
        .config(descriptor(
            &of_configuration,
            configuration.bytes,
            &configuration.digest,
        )?)
        .layers(all)
        .build()
        .map_err(io::Error::other)
}

fn descriptor(media_type: &str, bytes: u64, digest: &str) -> io::Result<Descriptor> {
    let digest = Sha256Digest::from_str(digits(digest)).map_err(io::Error::other)?;
    Ok(Descriptor::new(MediaType::from(media_type), bytes, digest))
}
