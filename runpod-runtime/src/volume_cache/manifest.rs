//! `manifest.json`, which names the files of the mirror.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::draft::{Draft, open_regular};
use super::error::Trouble;
use super::stamp::Stamp;

/// Files below this size are in the archive.
pub(super) const THRESHOLD: u64 = 256 * 1024;

const VERSION: u64 = 1;

/// The largest manifest that is read, in bytes. It has room for more than a million files.
const LARGEST: u64 = 256 << 20;

/// The place of a file on the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bucket {
    /// In `small.tar`.
    Small,
    /// In `big/`, under its own path.
    Big,
}

/// The files of the mirror by their local paths.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Manifest {
    pub(super) files: BTreeMap<PathBuf, (Bucket, Stamp)>,
    /// Entries that this program does not understand, such as names that are not Unicode. They are kept.
    strange: Strange,
}

#[derive(Debug, Default, Clone)]
struct Strange {
    small: Vec<Box<RawValue>>,
    big: Vec<Box<RawValue>>,
}

impl PartialEq for Strange {
    fn eq(&self, other: &Self) -> bool {
        let text = |it: &[Box<RawValue>]| it.iter().map(|it| it.get().to_owned()).collect();
        let texts = |it: &Self| -> (Vec<String>, Vec<String>) { (text(&it.small), text(&it.big)) };
        texts(self) == texts(other)
    }
}

#[derive(Deserialize)]
struct Head {
    version: Value,
}

#[derive(Serialize, Deserialize)]
struct Body {
    version: u64,
    #[serde(default)]
    threshold: u64,
    #[serde(default)]
    small: Vec<Box<RawValue>>,
    #[serde(default)]
    big: Vec<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    size: u64,
    mtime: f64,
}

impl Manifest {
    /// Reads a manifest. Returns `None` if there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Trouble> {
        let mut text = Vec::new();
        let read = open_regular(path).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
        match read {
            Ok(_) => Self::parse(&text, path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Trouble::with("cannot be read", path)(error)),
        }
    }

    /// Parses the text of a manifest, which is at `path`.
    pub(super) fn parse(text: &[u8], path: &Path) -> Result<Self, Trouble> {
        let damaged = |error: serde_json::Error| Trouble::Damaged {
            path: path.to_owned(),
            reason: format!("it is not a manifest ({error})"),
        };
        // serde would read a list as the fields in their order.
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(damaged(serde::de::Error::custom("expected an object")));
        }
        let head: Head = serde_json::from_slice(text).map_err(damaged)?;
        if head.version != VERSION {
            return Err(Trouble::Newer {
                path: path.to_owned(),
                version: crate::text::start_of(&head.version.to_string(), 40).into_owned(),
            });
        }
        let body: Body = serde_json::from_slice(text).map_err(damaged)?;
        let mut manifest = Self::default();
        for entry in body.small {
            manifest.add(Bucket::Small, entry);
        }
        for entry in body.big {
            manifest.add(Bucket::Big, entry);
        }
        Ok(manifest)
    }

    fn add(&mut self, bucket: Bucket, text: Box<RawValue>) {
        match serde_json::from_str::<Entry>(text.get()) {
            Ok(entry) => {
                let stamp = Stamp {
                    size: entry.size,
                    modified: entry.mtime,
                };
                self.files.insert(entry.path, (bucket, stamp));
            }
            Err(_) if bucket == Bucket::Small => self.strange.small.push(text),
            Err(_) => self.strange.big.push(text),
        }
    }

    /// Returns the files of one bucket.
    pub(super) fn bucket(&self, wanted: Bucket) -> impl Iterator<Item = (&Path, Stamp)> {
        let files = self.files.iter();
        files.filter_map(move |(path, (bucket, stamp))| {
            (*bucket == wanted).then_some((path.as_path(), *stamp))
        })
    }

    /// Returns whether the manifest has entries that this program does not understand.
    pub(super) fn has_strange(&self, bucket: Bucket) -> bool {
        match bucket {
            Bucket::Small => !self.strange.small.is_empty(),
            Bucket::Big => !self.strange.big.is_empty(),
        }
    }

    /// Replaces the manifest on the volume.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(&Body {
            version: VERSION,
            threshold: THRESHOLD,
            small: self.entries(Bucket::Small, &self.strange.small)?,
            big: self.entries(Bucket::Big, &self.strange.big)?,
        })?;
        let folder = path.parent().unwrap_or(path);
        let (draft, ()) = Draft::write(folder, 0o644, None, |file| file.write_all(&text))?;
        draft.place(path)
    }

    fn entries(
        &self,
        bucket: Bucket,
        strange: &[Box<RawValue>],
    ) -> serde_json::Result<Vec<Box<RawValue>>> {
        let entry = |(path, stamp): (&Path, Stamp)| {
            to_raw_value(&Entry {
                path: path.to_owned(),
                size: stamp.size,
                mtime: stamp.modified,
            })
        };
        let known = self.bucket(bucket).map(entry);
        known.chain(strange.iter().cloned().map(Ok)).collect()
    }
}
