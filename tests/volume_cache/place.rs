//! A container and a volume, as directories.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use runpod::VolumeCache;
use tempfile::TempDir;

/// The directories of a test: `local` is the container's, and `volume` is the network volume.
#[derive(Debug)]
pub(crate) struct Place {
    _directory: TempDir,
    pub(crate) root: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory can be created");
        let root = directory.path().canonicalize().expect("it exists");
        fs::create_dir(root.join("volume")).expect("a directory can be created");
        fs::create_dir(root.join("local")).expect("a directory can be created");
        Self {
            _directory: directory,
            root,
        }
    }

    pub(crate) fn cache(&self) -> VolumeCache {
        cache(&self.root)
    }

    pub(crate) fn local(&self, name: &str) -> PathBuf {
        self.root.join("local").join(name)
    }

    /// The folder of the cache on the volume.
    pub(crate) fn mirror(&self, name: &str) -> PathBuf {
        self.root.join("volume/.cache/models").join(name)
    }

    /// The copy of a large local file on the volume.
    pub(crate) fn big(&self, name: &str) -> PathBuf {
        let path = self.local(name);
        let inside = path.strip_prefix("/").expect("the path is absolute");
        self.mirror("big").join(inside)
    }

    /// Writes a local file that was changed at this second.
    pub(crate) fn write(&self, name: &str, content: &[u8], second: u64) {
        write(&self.local(name), content, second);
    }

    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.local(name)).ok()
    }

    /// Removes all local files, as in a new container.
    pub(crate) fn new_container(&self) {
        fs::remove_dir_all(self.root.join("local")).expect("it can be removed");
    }

    pub(crate) fn manifest(&self) -> serde_json::Value {
        let text = fs::read(self.mirror("manifest.json")).expect("there is a manifest");
        serde_json::from_slice(&text).expect("the manifest is JSON")
    }

    pub(crate) fn set_manifest(&self, manifest: &serde_json::Value) {
        fs::create_dir_all(self.mirror("")).expect("it can be created");
        fs::write(self.mirror("manifest.json"), manifest.to_string()).expect("it can be written");
    }
}

pub(crate) fn cache(root: &Path) -> VolumeCache {
    VolumeCache::new([root.join("local")])
        .volume(root.join("volume"))
        .namespace("models")
}

pub(crate) fn write(path: &Path, content: &[u8], second: u64) {
    let folder = path.parent().expect("the path has a folder");
    fs::create_dir_all(folder).expect("it can be created");
    fs::write(path, content).expect("it can be written");
    let file = File::options().write(true).open(path).expect("it opens");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(second))
        .expect("the time can be set");
}
