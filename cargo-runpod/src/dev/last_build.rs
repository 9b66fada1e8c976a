//! The newest build: which changes of files it reads or has read, so that they need no further build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::cargo_build::Progress;
use super::packages::Local;
use super::scripts;

/// The precision of modification times on the file systems of Linux and macOS.
const PRECISION: Duration = Duration::from_millis(10);

/// The newest build, whether it is in progress or not.
#[derive(Debug)]
pub(super) struct LastBuild {
    pub(super) progress: Arc<Progress>,
    began: SystemTime,
    ended: Option<SystemTime>,
    /// Files that changed while a build script could write them.
    passed_over: BTreeSet<PathBuf>,
}

/// The files that build scripts write. A file belongs to them if it changed in a build that had no other reason than
/// its change.
#[derive(Debug, Default)]
pub(super) struct OwnWrites(BTreeSet<PathBuf>);

impl LastBuild {
    pub(super) fn begin() -> Self {
        Self {
            progress: Arc::default(),
            began: SystemTime::now(),
            ended: None,
            passed_over: BTreeSet::new(),
        }
    }

    pub(super) fn end(&mut self) {
        self.ended = Some(SystemTime::now());
    }

    /// Takes out the changes that are covered by this build, because the compiler reads the files afterwards.
    pub(super) fn pass_over(&mut self, packages: &[Local], files: &mut Vec<PathBuf>) {
        files.retain(|file| {
            let is_covered = self.covers(packages, file);
            if is_covered {
                self.passed_over.insert(file.clone());
            }
            !is_covered
        });
    }

    fn covers(&self, packages: &[Local], file: &Path) -> bool {
        let Some(package) = scripts::may_write(packages, file) else {
            return false;
        };
        // A removed file counts as an edit.
        let Ok(changed) = file.metadata().and_then(|it| it.modified()) else {
            return false;
        };
        let finished = self.progress.scripts.finished(&package.id);
        let until = finished.or(self.ended);
        changed + PRECISION >= self.began && until.is_none_or(|until| changed <= until)
    }

    /// Tells whether another build must make sure that no edit was passed over. `was_sure` tells whether the newest
    /// build was such a build.
    pub(super) fn is_in_doubt(&mut self, own_writes: &mut OwnWrites, was_sure: bool) -> bool {
        if self.ended.is_none() {
            return false;
        }
        let mut files = std::mem::take(&mut self.passed_over);
        files.retain(|file| !own_writes.0.contains(file));
        if was_sure {
            own_writes.0.append(&mut files);
        }
        !files.is_empty()
    }
}
