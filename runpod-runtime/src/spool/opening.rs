//! Opens the spool on a separate thread, because a network volume that hangs must not hold up the worker.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SendError, Sender};
use std::thread;
use std::time::Duration;

use crate::config::SpoolDirectory;
use crate::logging;
use crate::process::threads::Refused;

use super::directory::Spool;
use super::error::SpoolError;

/// A directory that takes longer to open counts as unusable. A working disk needs a fraction of a millisecond.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A spool that is being opened.
#[derive(Debug)]
pub(crate) struct Opening {
    directories: Vec<SpoolDirectory>,
    /// One answer for each directory, up to the first usable one.
    answers: Receiver<Answer>,
    faults: Vec<String>,
}

/// The spool, or `None` if the directory is on a volume that does not exist.
type Answer = Result<Option<Spool>, SpoolError>;

impl Opening {
    /// Starts to open the first usable directory. The best directory comes first.
    pub(crate) fn begin(directories: Vec<SpoolDirectory>) -> Self {
        let mut faults = Vec::new();
        let answers = begin(&directories, &mut faults);
        Self {
            directories,
            answers,
            faults,
        }
    }

    /// Waits for the first usable directory. Waits only a short time for one that hangs. If the best directory is not
    /// used, the log gives the reason.
    pub(crate) fn opened(self) -> Option<Spool> {
        self.opened_within(LONGEST_WAIT)
    }

    fn opened_within(mut self, longest_wait: Duration) -> Option<Spool> {
        for (index, directory) in self.directories.iter().enumerate() {
            let path = directory.path.display();
            match self.answers.recv_timeout(longest_wait) {
                Ok(Ok(Some(spool))) => {
                    if !self.faults.is_empty() {
                        tracing::warn!(
                            "results that cannot be delivered are kept in {path}, because {}",
                            self.faults.join("; ")
                        );
                    }
                    return Some(spool);
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => self.faults.push(error.to_string()),
                Err(RecvTimeoutError::Timeout) => {
                    self.faults.push(format!(
                        "{path} could not be opened within {} s: its disk or network volume hangs; repair it, use \
                         another directory, or set `off` (RUNPOD_RESULT_SPOOL)",
                        longest_wait.as_secs()
                    ));
                    let rest = self.directories.get(index + 1..).unwrap_or_default();
                    self.answers = begin(rest, &mut self.faults);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    // Otherwise the system refused the thread, and that fault is already in the list.
                    if self.faults.is_empty() {
                        self.faults.push(format!(
                            "{path} could not be opened: the thread that opens it panicked; this is a bug in \
                             runpod-worker"
                        ));
                    }
                    break;
                }
            }
        }
        if !self.faults.is_empty() {
            tracing::warn!(
                "results that cannot be delivered are not kept, because {}",
                self.faults.join("; ")
            );
        }
        None
    }
}

fn begin(directories: &[SpoolDirectory], faults: &mut Vec<String>) -> Receiver<Answer> {
    let (sender, answers) = mpsc::channel();
    if directories.is_empty() {
        return answers;
    }
    let directories = directories.to_vec();
    let thread = thread::Builder::new()
        .name("runpod-spool".to_owned())
        .spawn(move || {
            logging::never_wait_on_this_thread();
            open_first(&directories, &sender);
        });
    if let Err(error) = thread {
        faults.push(Refused::from(error).to_string());
    }
    answers
}

/// Opens one directory after another, up to the first usable one.
fn open_first(directories: &[SpoolDirectory], answers: &Sender<Answer>) {
    for directory in directories {
        let answer = open(directory);
        let is_open = matches!(answer, Ok(Some(_)));
        if let Err(SendError(late)) = answers.send(answer) {
            // The worker has started without this spool.
            if let Ok(Some(spool)) = late {
                spool.leave();
            }
            return;
        }
        if is_open {
            return;
        }
    }
}

fn open(directory: &SpoolDirectory) -> Answer {
    if let Some(volume) = &directory.volume
        && !volume.is_dir()
    {
        return Ok(None);
    }
    Spool::open(&directory.path).map(Some)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::logging::captured;

    fn directory(path: &Path) -> SpoolDirectory {
        SpoolDirectory {
            path: path.to_owned(),
            volume: None,
        }
    }

    #[test]
    fn a_volume_that_is_not_there_is_passed_over_in_silence() {
        let place = tempfile::tempdir().unwrap();
        let volume = place.path().join("volume");
        let on_volume = SpoolDirectory {
            path: volume.join("spool"),
            volume: Some(volume.clone()),
        };
        let temporary = directory(&place.path().join("temporary"));
        let directories = [on_volume.clone(), temporary.clone()];
        let text = captured(|| {
            assert!(Opening::begin(directories.to_vec()).opened().is_some());
        });
        assert_eq!(text, "");
        assert!(temporary.path.exists());
        assert!(!volume.exists());

        std::fs::create_dir(&volume).unwrap();
        assert!(Opening::begin(directories.to_vec()).opened().is_some());
        assert!(on_volume.path.exists());
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_named_with_its_substitute() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        let second = place.path().join("second");
        let text = captured(|| {
            let directories = vec![directory(&file.join("first")), directory(&second)];
            assert!(Opening::begin(directories).opened().is_some());
        });
        let kept = format!(
            "WARN   | results that cannot be delivered are kept in {}, because ",
            second.display()
        );
        assert!(text.starts_with(&kept), "{text}");
        assert!(text.contains("file/first cannot be created: "), "{text}");
    }

    #[test]
    fn a_thread_that_panics_while_it_opens_a_directory_is_a_fault_in_the_log() {
        let place = tempfile::tempdir().unwrap();
        let text = captured(|| {
            let (sender, answers) = mpsc::channel();
            drop(sender);
            let opening = Opening {
                directories: vec![directory(place.path())],
                answers,
                faults: Vec::new(),
            };
            assert!(opening.opened().is_none());
        });
        assert!(text.contains("are not kept, because "), "{text}");
        assert!(text.contains("panicked"), "{text}");
    }

    #[test]
    fn a_spool_that_opens_too_late_is_left_again() {
        let place = tempfile::tempdir().unwrap();
        let (sender, answers) = mpsc::channel();
        drop(answers);
        let spool = directory(&place.path().join("spool"));
        open_first(std::slice::from_ref(&spool), &sender);
        assert_eq!(std::fs::read_dir(spool.path).unwrap().count(), 0);
    }
}
