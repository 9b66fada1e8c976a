//! Remembers open uploads in files, so that the next run continues inside a blob after a push that was killed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::name::Name;
use crate::image::digest::{self, digits};

/// An upload that the registry has accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) location: String,
    pub(super) offset: u64,
}

/// The folder with one file for each blob whose upload is open.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    folder: PathBuf,
}

/// The file of one blob. It is locked, so that two pushes do not write to the same upload.
#[derive(Debug)]
pub(super) struct Remembered {
    /// `None` if another push has the file, or if files cannot be written. The upload then starts from nothing.
    file: Option<(File, PathBuf)>,
}

impl Sessions {
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn of(&self, name: &Name, blob: &str) -> Remembered {
        let key = format!("{}{} {blob}", name.address(), name.repository());
        let key = digest::of(key.as_bytes());
        let path = self.folder.join(format!("{}.json", digits(&key)));
        Remembered {
            file: opened(&path).map(|file| (file, path)),
        }
    }
}

/// Opens and locks a file. Its address may allow anybody to continue the upload, so only the user can read it.
fn opened(path: &Path) -> Option<File> {
    fs::create_dir_all(path.parent()?).ok()?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    let file = options.open(path).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

impl Remembered {
    /// Returns the upload of the last run. A file that was cut in the middle counts as none.
    pub(super) fn session(&mut self) -> Option<Session> {
        let (file, _) = self.file.as_mut()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Remembers how far an upload is. If it cannot be written, the next run starts from nothing.
    pub(super) fn remember(&mut self, session: &Session) {
        let Some((file, _)) = &mut self.file else {
            return;
        };
        let mut write = || -> std::io::Result<()> {
            let text = serde_json::to_vec(session)?;
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&text)
        };
        let _ = write();
    }

    /// Forgets the upload, because it has finished.
    pub(super) fn forget(self) {
        if let Some((_, path)) = self.file {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_remembered_for_one_push_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::in_folder(folder.path().join("new"));
        let name = Name::parse("localhost:5000/a:1", "--push", false).unwrap();
        let session = Session {
            location: "http://localhost:5000/v2/a/blobs/uploads/1?_state=x".to_owned(),
            offset: 7,
        };
        let mut first = sessions.of(&name, "sha256:1");
        assert_eq!(first.session(), None);
        first.remember(&Session {
            offset: 1_000_000,
            ..session.clone()
        });
        first.remember(&session);
        // Another push of the same blob at the same time.
        assert_eq!(sessions.of(&name, "sha256:1").session(), None);
        drop(first);

        let mut next = sessions.of(&name, "sha256:1");
        assert_eq!(next.session(), Some(session));
        let other = Name::parse("localhost:5000/b:1", "--push", false).unwrap();
        assert_eq!(sessions.of(&other, "sha256:1").session(), None);
        next.forget();
        assert_eq!(sessions.of(&name, "sha256:1").session(), None);
    }
}
