//! Writes a folder as a layer of an image: a compressed tar archive.
//!
//! The archive depends only on the names, modes and contents of the files: its entries are sorted, belong to root and
//! have the same time. So the same input gives the same digest on every machine.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::digest::{Hashed, digits};

/// The compression of a program. It is small and pushed often.
pub(crate) const SMALL: Compression = Compression::new(6);

/// The compression of included files. Weights hardly become smaller, and there may be gigabytes of them. With the fastest
/// level, they would even grow by 5 %.
pub(crate) const LARGE: Compression = Compression::new(2);

/// A layer that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    /// The digest of the compressed archive, which names the blob.
    pub(crate) digest: String,
    /// The digest of the uncompressed archive, which the configuration lists.
    pub(crate) diff_id: String,
    /// The size of the compressed archive in bytes.
    pub(crate) bytes: u64,
    /// The line for the image's history.
    pub(crate) created_by: String,
}

/// One file or folder of a layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// The path in the image, without a leading slash.
    pub(crate) path: PathBuf,
    pub(crate) from: PathBuf,
    pub(crate) is_folder: bool,
}

/// Returns everything below `root`, sorted by path.
pub(crate) fn entries(root: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(root.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            let is_folder = fs::metadata(entry.path())?.is_dir();
            if is_folder {
                folders.push(path.clone());
            }
            entries.push(Entry {
                path,
                from: entry.path(),
                is_folder,
            });
        }
    }
    entries.sort();
    Ok(entries)
}

/// Writes a layer into the folder of blobs.
pub(crate) fn write(
    entries: &[Entry],
    blobs: &Path,
    compression: Compression,
    created_by: &str,
) -> io::Result<Layer> {
    let unnamed = tempfile::NamedTempFile::new_in(blobs)?;
    let compressed = Hashed::new(BufWriter::with_capacity(1 << 18, unnamed));
    // No time, no name, and "unknown" as the operating system: nothing in the header differs between machines.
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(compressed, compression);
    let mut archive = Builder::new(Hashed::new(gzip));
    for entry in entries {
        append(&mut archive, entry)?;
    }
    let (gzip, diff_id, _) = archive.into_inner()?.finish();
    let (file, digest, bytes) = gzip.finish()?.finish();
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    let place = blobs.join(digits(&digest));
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(0o644))?;
    file.persist(place).map_err(|failed| failed.error)?;
    Ok(Layer {
        digest,
        diff_id,
        bytes,
        created_by: created_by.to_owned(),
    })
}

fn append<W: Write>(archive: &mut Builder<W>, entry: &Entry) -> io::Result<()> {
    let about = fs::metadata(&entry.from)?;
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mode(mode(entry, about.permissions().mode()));
    if entry.is_folder {
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        return archive.append_data(&mut header, &entry.path, io::empty());
    }
    header.set_entry_type(EntryType::Regular);
    header.set_size(about.len());
    let file = BufReader::with_capacity(1 << 18, File::open(&entry.from)?);
    archive.append_data(&mut header, &entry.path, file)
}

/// Reduces the mode to the part that matters in the image. The rest depends on the user's umask.
fn mode(entry: &Entry, mode: u32) -> u32 {
    match (entry.is_folder, entry.path.as_path()) {
        // As on every system, anybody may create files in /tmp, and only a file's owner may remove it.
        (true, path) if path == Path::new("tmp") => 0o1777,
        (true, _) => 0o755,
        (false, _) if mode & 0o111 != 0 => 0o755,
        (false, _) => 0o644,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn layer_of(names: &[&str], mode: u32, age: Duration) -> io::Result<Layer> {
        let room = tempfile::tempdir()?;
        let tree = room.path().join("root");
        let blobs = room.path().join("blobs");
        fs::create_dir_all(tree.join("app"))?;
        fs::create_dir(&blobs)?;
        for name in names {
            let file = tree.join("app").join(name);
            fs::write(&file, name)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
            let file = File::options().write(true).open(&file)?;
            file.set_modified(SystemTime::now() - age)?;
        }
        let layer = write(&entries(&tree)?, &blobs, Compression::default(), "test")?;
        assert_eq!(
            fs::metadata(blobs.join(digits(&layer.digest)))?.len(),
            layer.bytes
        );
        assert_eq!(fs::read_dir(&blobs)?.count(), 1);
        Ok(layer)
    }

    #[test]
    fn bytes_that_cannot_be_compressed_hardly_grow() -> io::Result<()> {
        let room = tempfile::tempdir()?;
        let (tree, blobs) = (room.path().join("root"), room.path().join("blobs"));
        fs::create_dir(&tree)?;
        fs::create_dir(&blobs)?;
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
            .take(1 << 20)
            .collect();
        fs::write(tree.join("weights"), noise)?;
        for level in [LARGE, SMALL] {
            let layer = write(&entries(&tree)?, &blobs, level, "test")?;
            assert!(layer.bytes < (1 << 20) + 4096, "{level:?}: {layer:?}");
        }
        Ok(())
    }

    #[test]
    fn order_time_and_umask_do_not_change_the_digest() -> io::Result<()> {
        let one = layer_of(&["a", "b"], 0o644, Duration::ZERO)?;
        assert_eq!(
            one,
            layer_of(&["b", "a"], 0o600, Duration::from_hours(5000))?
        );
        assert_ne!(one, layer_of(&["a", "c"], 0o644, Duration::ZERO)?);
        assert_ne!(one, layer_of(&["a", "b"], 0o755, Duration::ZERO)?);
        Ok(())
    }
}
