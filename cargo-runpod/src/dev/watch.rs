//! Watches the sources for changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::contents::Contents;
use super::say;
use super::sources::Sources;
use crate::failure::Failure;

/// The quiet time after which events count as one edit. One edit causes many events, and `git checkout` makes many
/// edits.
const QUIET: Duration = Duration::from_millis(100);

/// The precision of modification times. File systems round them, to two seconds at worst.
const ROUNDED: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    told: mpsc::UnboundedReceiver<notify::Result<Event>>,
    sources: Sources,
    watched: BTreeSet<PathBuf>,
    contents: Contents,
    /// Paths with events that have not been examined yet.
    pending: BTreeSet<PathBuf>,
    quiet_at: Instant,
    /// Whether the last build failed.
    is_broken: bool,
    /// Files that changed since the build started and would count as edits if it fails.
    passed_over: Vec<PathBuf>,
    has_complained: bool,
}

impl Watch {
    /// Starts watching. From now on no edit is missed.
    pub(super) fn start(sources: Sources) -> Result<Self, Failure> {
        let (tell, told) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event| {
            // The receiver is gone when this program exits.
            let _ = tell.send(event);
        })
        .map_err(|error| Failure::new(format!("cannot watch the sources: {error}")))?;
        let mut watch = Self {
            watcher,
            told,
            sources,
            watched: BTreeSet::new(),
            contents: Contents::default(),
            pending: BTreeSet::new(),
            quiet_at: Instant::now(),
            is_broken: false,
            passed_over: Vec::new(),
            has_complained: false,
        };
        watch.follow();
        for file in watch.sources.present() {
            watch.contents.look(&file);
        }
        Ok(watch)
    }

    /// Replaces the sources. For a file that is new among them, only its modification time tells whether it was edited
    /// since the build started.
    pub(super) fn set(&mut self, sources: Sources, build_began: SystemTime) {
        self.sources = sources;
        self.follow();
        let since = build_began.checked_sub(ROUNDED).unwrap_or(build_began);
        for file in self.sources.present() {
            if self.contents.has_seen(&file) {
                continue;
            }
            let changed = file.metadata().and_then(|it| it.modified());
            if changed.is_ok_and(|at| at > since) {
                self.quiet_at = Instant::now() + QUIET;
                self.pending.insert(file);
            } else {
                self.contents.look(&file);
            }
        }
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    pub(super) fn build_begins(&mut self) {
        self.passed_over.clear();
    }

    pub(super) fn build_ended(&mut self, well: bool) {
        self.is_broken = !well;
    }

    /// Waits until files have new content and no event follows for a while. Returns those files.
    ///
    /// This method is cancel safe.
    pub(super) async fn changed(&mut self) -> Vec<PathBuf> {
        loop {
            if self.is_broken && !self.passed_over.is_empty() {
                return std::mem::take(&mut self.passed_over);
            }
            let quiet = async {
                if self.pending.is_empty() {
                    std::future::pending::<()>().await;
                } else {
                    tokio::time::sleep_until(self.quiet_at).await;
                }
            };
            tokio::select! {
                event = self.told.recv() => match event {
                    Some(event) => self.hear(event),
                    None => std::future::pending().await,
                },
                () = quiet => {
                    let changed = self.look();
                    if !changed.is_empty() {
                        return changed;
                    }
                }
            }
        }
    }

    fn hear(&mut self, event: notify::Result<Event>) {
        match event {
            Ok(event) if event.need_rescan() => {
                self.follow();
                self.wait_for(self.sources.present());
            }
            // Reading a file changes nothing, and cargo itself reads many.
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
            Ok(event) => self.wait_for(event.paths),
            Err(error) => self.complain(&error),
        }
    }

    fn wait_for(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            let counts = self.sources.counts(&path, true);
            if counts || self.sources.has_tree_of(&path) || self.watched.contains(&path) {
                self.pending.insert(path);
                self.quiet_at = Instant::now() + QUIET;
            }
        }
    }

    /// Returns the pending files whose content has changed.
    fn look(&mut self) -> Vec<PathBuf> {
        let mut files = BTreeSet::new();
        let mut folders_changed = false;
        for path in std::mem::take(&mut self.pending) {
            if path.is_dir() {
                // The folder may have replaced another one of the same name.
                folders_changed = true;
                self.forget(&path);
                self.sources.below(&path, &mut files);
            } else if self.watched.contains(&path) {
                folders_changed = true;
                self.forget(&path);
            }
            files.extend(self.contents.below(&path).cloned());
            files.insert(path);
        }
        if folders_changed {
            self.follow();
            // A file may have been created before its folder was watched.
            files.extend(self.sources.present());
        }
        let contents = &mut self.contents;
        let changed = files.into_iter().filter(|file| contents.look(file));
        let (changed, others) = changed.partition(|file| self.sources.counts(file, self.is_broken));
        self.passed_over.extend(others);
        changed
    }

    fn forget(&mut self, folder: &Path) {
        if self.watched.remove(folder) {
            // If the folder no longer exists, the system has already removed the watch, and this call fails.
            let _ = self.watcher.unwatch(folder);
        }
    }

    /// Watches exactly the folders of the sources.
    fn follow(&mut self) {
        let folders = self.sources.folders();
        let gone: Vec<_> = self.watched.difference(&folders).cloned().collect();
        for folder in gone {
            self.forget(&folder);
        }
        for folder in folders {
            if self.watched.contains(&folder) {
                continue;
            }
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder);
                }
                Err(error) if folder.is_dir() => self.complain(&error),
                // The folder has just been removed.
                Err(_) => {}
            }
        }
    }

    /// Reports an error of the watcher. Only the first one is reported, because every folder would cause the same
    /// error.
    fn complain(&mut self, error: &notify::Error) {
        if !std::mem::replace(&mut self.has_complained, true) {
            let remedy = match error.kind {
                notify::ErrorKind::MaxFilesWatch => {
                    "; raise the limit with `sysctl fs.inotify.max_user_watches=524288`"
                }
                _ => "",
            };
            say::fault(&format!(
                "some sources cannot be watched, so edits to them go unnoticed: {error}{remedy}"
            ));
        }
    }
}
