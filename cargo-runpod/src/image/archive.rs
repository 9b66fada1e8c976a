//! An image as one file: an archive of its layout that `docker load` reads, too.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::Path;

use serde_json::json;
use tar::{Builder, EntryType, Header};

use super::base::Base;
use super::digest::digits;
use super::layout::Written;
use super::registry::Trouble;
use crate::failure::Failure;

/// The size of the parts in which a base's layer is read.
const PART: u64 = 16 << 20;

/// Writes the archive. The layers of a base image are downloaded into it.
pub(crate) async fn write(
    image: &Written,
    base: Option<&Base>,
    tag: &str,
    to: &Path,
) -> Result<(), Failure> {
    let not_written = |error: &dyn std::fmt::Display| {
        Failure::new(format!(
            "--tar: {} could not be written: {error}",
            to.display()
        ))
    };
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // The file appears when it is complete.
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| not_written(&error))?;
    let mut archive = Builder::new(BufWriter::with_capacity(1 << 18, file));
    own_files(&mut archive, image, tag).map_err(|error| not_written(&error))?;
    for blob in image.blobs.iter().filter(|blob| blob.is_of_base) {
        let Some(base) = base else { continue };
        let mut spool = tempfile::tempfile_in(folder).map_err(|error| not_written(&error))?;
        let mut offset = 0;
        while offset < blob.bytes {
            let length = PART.min(blob.bytes - offset);
            let part = base.client.part(&blob.digest, offset, length).await;
            let part = part.map_err(|trouble: Trouble| {
                trouble.failure(
                    &format!("reading the base image {}", base.name),
                    base.name.registry(),
                )
            })?;
            io::Write::write_all(&mut spool, &part).map_err(|error| not_written(&error))?;
            offset += length;
        }
        io::Seek::rewind(&mut spool)
            .and_then(|()| add(&mut archive, &blob.digest, blob.bytes, spool))
            .map_err(|error| not_written(&error))?;
    }
    let file = archive
        .into_inner()
        .and_then(|file| file.into_inner().map_err(io::IntoInnerError::into_error))
        .map_err(|error| not_written(&error))?;
    file.persist(to)
        .map_err(|failed| not_written(&failed.error))?;
    Ok(())
}

type Archive = Builder<BufWriter<tempfile::NamedTempFile>>;

fn own_files(archive: &mut Archive, image: &Written, tag: &str) -> io::Result<()> {
    for name in ["oci-layout", "index.json"] {
        let content = fs::read(image.folder.join(name))?;
        append(archive, name, content.len() as u64, content.as_slice())?;
    }
    // Docker reads this list, and finds the blobs of the layout by it.
    let place = |digest: &str| format!("blobs/sha256/{}", digits(digest));
    let layers: Vec<_> = image.blobs.iter().map(|blob| place(&blob.digest)).collect();
    let list = json!([{
        "Config": place(&image.configuration.digest),
        "RepoTags": [tag],
        "Layers": layers,
    }]);
    let list = serde_json::to_vec(&list)?;
    append(archive, "manifest.json", list.len() as u64, list.as_slice())?;
    let manifest = &image.manifest;
    add(
        archive,
        &image.digest,
        manifest.len() as u64,
        manifest.as_slice(),
    )?;
    let own = image.blobs.iter().filter(|blob| !blob.is_of_base);
    for blob in own.chain([&image.configuration]) {
        let file = File::open(image.file(&blob.digest))?;
        add(archive, &blob.digest, blob.bytes, file)?;
    }
    Ok(())
}

fn add(archive: &mut Archive, digest: &str, bytes: u64, content: impl Read) -> io::Result<()> {
    let path = format!("blobs/sha256/{}", digits(digest));
    append(archive, &path, bytes, content)
}

fn append(archive: &mut Archive, path: &str, bytes: u64, content: impl Read) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(bytes);
    archive.append_data(&mut header, path, content)
}
