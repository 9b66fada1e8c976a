//! The list of the files that this command has written into a folder. Only these may be replaced or removed by a later run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::selection::Worker;

/// The list's own name, at the top of the folder.
pub(super) const LIST: &str = "cargo-runpod-build.json";

/// What a reader of the file is told first.
const ABOUT: &str = "The files that `cargo runpod build` wrote into this folder, with their SHA-256. The next run replaces \
     these files and no others; do not edit this list.";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    about: String,
    pub(super) of: Of,
    pub(super) folders: BTreeSet<PathBuf>,
    /// By their paths below the folder.
    pub(super) files: BTreeMap<PathBuf, String>,
}

/// Whose image it is.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Of {
    pub(super) package: String,
    pub(super) program: String,
    pub(super) manifest: PathBuf,
}

impl Of {
    pub(super) fn worker(worker: &Worker) -> Self {
        Self {
            package: worker.package.name.to_string(),
            program: worker.name.clone(),
            manifest: worker.package.manifest_path.clone().into_std_path_buf(),
        }
    }

    /// A package that was moved is the same one.
    pub(super) fn is_also(&self, other: &Self) -> bool {
        let is_same_place = self.manifest == other.manifest || !self.manifest.is_file();
        (&self.package, &self.program) == (&other.package, &other.program) && is_same_place
    }
}

impl Written {
    pub(super) fn new(of: Of) -> Self {
        Self {
            about: ABOUT.to_owned(),
            of,
            ..Self::default()
        }
    }

    /// None if the folder has no list, or one that this command cannot have written.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join(LIST)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(folder.join(LIST), text)
    }
}

/// SHA-256 of what the file contains, in hexadecimal digits.
pub(super) fn digest(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => context.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut digits = String::new();
    for byte in context.finish().as_ref() {
        // Writing into a string does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}
