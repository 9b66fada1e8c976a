//! The libraries of a base image.
//!
//! The layers are read as a stream, and nothing is unpacked: the names of the libraries and the version of the GNU C
//! library are all that is kept. Layers never change, so this is done once for each and remembered in a file.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use oci_spec::image::Descriptor;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::base::Base;
use super::digest::digits;
use super::zstd;
use crate::failure::Failure;

/// The size of the parts in which a layer is read.
const PART: u64 = 8 << 20;

/// The largest file that is taken for the GNU C library.
const LIBC_BYTES: u64 = 64 << 20;

/// The libraries in an image.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Libraries {
    /// The paths of files that are named like libraries, with a leading slash.
    pub(crate) paths: BTreeSet<String>,
    /// The paths that this layer removes from those below it.
    removed: BTreeSet<String>,
    /// The version of the GNU C library, such as `2.36`.
    pub(crate) glibc: Option<(u32, u32)>,
}

impl Libraries {
    /// Returns the path of a library in the image.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let ending = format!("/{name}");
        let found = self.paths.iter().find(|path| path.ends_with(&ending));
        found.map(String::as_str)
    }

    /// Puts a layer on top.
    fn and(&mut self, above: Self) {
        self.paths.retain(|path| {
            let mut parents = Path::new(path).ancestors();
            !parents.any(|it| it.to_str().is_some_and(|it| above.removed.contains(it)))
        });
        self.paths.extend(above.paths);
        self.glibc = above.glibc.or(self.glibc);
    }

    /// Reads one layer, which is a tar archive.
    fn of_layer(archive: impl Read, glibc_of: fn(&[u8]) -> Option<(u32, u32)>) -> io::Result<Self> {
        let mut found = Self::default();
        for entry in tar::Archive::new(archive).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let path = format!("/{}", path.trim_start_matches("./").trim_matches('/'));
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if name == ".wh..wh..opq" {
                found.removed.insert(folder.to_owned());
            } else if let Some(name) = name.strip_prefix(".wh.") {
                found.removed.insert(format!("{folder}/{name}"));
            } else if name.contains(".so") && !entry.header().entry_type().is_dir() {
                let is_libc = name.starts_with("libc.so.") || name.starts_with("libc-2.");
                if is_libc && entry.size() > 0 && entry.size() <= LIBC_BYTES {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content)?;
                    found.glibc = glibc_of(&content).or(found.glibc);
                }
                found.paths.insert(path);
            }
        }
        Ok(found)
    }
}

/// Reads the libraries of a base image. `remembered` is the folder for the lists of its layers.
pub(crate) async fn libraries(
    base: &Base,
    remembered: &Path,
    glibc_of: fn(&[u8]) -> Option<(u32, u32)>,
) -> Result<Libraries, Failure> {
    let mut all = Libraries::default();
    for layer in base.manifest.layers() {
        let digest = layer.digest().to_string();
        let file = remembered.join(format!("{}.json", digits(&digest)));
        let known = fs::read(&file).ok();
        let known = known.and_then(|text| serde_json::from_slice::<Libraries>(&text).ok());
        let found = if let Some(known) = known {
            known
        } else {
            let found = of_blob(base, layer, glibc_of).await?;
            // If it cannot be remembered, the layer is read again the next time.
            let _ = fs::create_dir_all(remembered)
                .and_then(|()| fs::write(&file, serde_json::to_vec(&found)?));
            found
        };
        all.and(found);
    }
    Ok(all)
}

async fn of_blob(
    base: &Base,
    layer: &Descriptor,
    glibc_of: fn(&[u8]) -> Option<(u32, u32)>,
) -> Result<Libraries, Failure> {
    let digest = layer.digest().to_string();
    let (parts, received) = mpsc::channel(2);
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = Stream {
            received,
            part: Bytes::new(),
        };
        let mut start = [0; 4];
        stream.read_exact(&mut start)?;
        let stream = io::Read::chain(&start[..], stream);
        match start {
            [0x1f, 0x8b, ..] => Libraries::of_layer(MultiGzDecoder::new(stream), glibc_of),
            _ if zstd::is_start(start) => Libraries::of_layer(zstd::Decoder::new(stream), glibc_of),
            _ => Libraries::of_layer(stream, glibc_of),
        }
    });
    let mut offset = 0;
    while offset < layer.size() {
        let length = PART.min(layer.size() - offset);
        let part = base.client.part(&digest, offset, length).await;
        let part = part.map_err(|trouble| {
            trouble.failure(
                &format!("reading the base image {}", base.name),
                base.name.registry(),
            )
        })?;
        if parts.send(part).await.is_err() {
            // The reader has ended, because it failed or has seen the end of the archive.
            break;
        }
        offset += length;
    }
    drop(parts);
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(format!(
            "the libraries of the base image {} are unknown: its layer {digest} cannot be read: {error}",
            base.name
        ))
    };
    match read.await {
        Ok(found) => found.map_err(|error| unreadable(&error)),
        Err(panicked) => Err(unreadable(&panicked)),
    }
}

/// The parts of a layer as they arrive.
struct Stream {
    received: mpsc::Receiver<Bytes>,
    part: Bytes,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            match self.received.blocking_recv() {
                Some(part) => self.part = part,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.part.len());
        buffer[..length].copy_from_slice(&self.part.split_to(length));
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(names: &[&str]) -> io::Result<Libraries> {
        let mut archive = tar::Builder::new(Vec::new());
        for name in names {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            archive.append_data(&mut header, name, io::empty())?;
        }
        Libraries::of_layer(&archive.into_inner()?[..], |_| None)
    }

    #[test]
    fn a_layer_removes_libraries_of_those_below_it() -> io::Result<()> {
        let mut all = layer(&[
            "usr/lib/liba.so.1",
            "./usr/lib/libb.so.2",
            "opt/x/libc.so.3",
        ])?;
        assert_eq!(all.find("libb.so.2"), Some("/usr/lib/libb.so.2"));
        assert_eq!(all.find("b.so.2"), None);
        all.and(layer(&["usr/lib/.wh.liba.so.1", "opt/x/.wh..wh..opq"])?);
        assert_eq!(all.find("liba.so.1"), None);
        assert_eq!(all.find("libc.so.3"), None);
        assert_eq!(all.find("libb.so.2"), Some("/usr/lib/libb.so.2"));
        Ok(())
    }

    #[test]
    fn a_layer_that_is_no_archive_is_an_error() {
        let noise = [0x5a; 2048];
        assert!(Libraries::of_layer(&noise[..], |_| None).is_err());
    }
}
