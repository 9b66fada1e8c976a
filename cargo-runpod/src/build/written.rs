//! The list of the files that this command has written into a folder. A later run may replace or remove only these.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::selection::Worker;

/// The file name of the list, at the top of the folder.
pub(super) const LIST: &str = "cargo-runpod-build.json";

/// The explanation at the start of the file.
const ABOUT: &str = "The files that `cargo runpod build` wrote into this folder, with their SHA-256. The next run replaces \
     these files and no others; do not edit this list.";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    about: String,
    pub(super) of: Of,
    pub(super) folders: BTreeSet<PathBuf>,
    /// The SHA-256 of each file, by the file's path relative to the folder.
    pub(super) files: BTreeMap<PathBuf, String>,
}

/// The program that an image was made for.
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

    /// Tells whether both are the same program. A package that was moved stays the same.
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

    /// Reads the list of a folder. Returns `None` if it is missing or is not a list that this command writes.
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

/// Returns the SHA-256 of the file's content in hexadecimal digits.
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
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}
