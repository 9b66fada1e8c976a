//! Watches what really happens to the files of a directory, as reported by the kernel.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// Watches one directory.
pub(crate) struct Watched(OwnedFd);

impl Watched {
    pub(crate) fn new(directory: &Path) -> Self {
        let events = inotify::init(CreateFlags::NONBLOCK).unwrap();
        let of = WatchFlags::OPEN | WatchFlags::CREATE | WatchFlags::MOVED_TO;
        inotify::add_watch(&events, directory, of).unwrap();
        Self(events)
    }

    /// Returns the names of the files that were opened, created and renamed since the last call.
    pub(crate) fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return seen,
                Err(error) => panic!("{error}"),
            };
            let Some(name) = event.file_name() else {
                continue;
            };
            let name = name.to_str().unwrap().to_owned();
            let is = |flag: ReadFlags| event.events().contains(flag);
            if is(ReadFlags::OPEN) {
                seen.opened.push(name);
            } else if is(ReadFlags::CREATE) {
                seen.created.push(name);
            } else {
                seen.renamed.push(name);
            }
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) opened: Vec<String>,
    pub(crate) created: Vec<String>,
    pub(crate) renamed: Vec<String>,
}
