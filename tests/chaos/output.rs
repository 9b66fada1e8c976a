//! The output of a worker, which is stored in a file. Tests can wait for lines in it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The outputs of a worker that are being read.
pub(crate) struct Output {
    readers: JoinSet<()>,
    listeners: Arc<Mutex<Vec<Listener>>>,
    log: PathBuf,
    announced: Arc<dyn Fn(News<'_>) + Send + Sync>,
}

/// An announcement of a handler.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News<'a> {
    Started(&'a str),
    /// The handler is about to return successfully.
    Produced(&'a str),
}

impl<'a> News<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (what, job) = line.split_once(' ')?;
        match what {
            "started" => Some(Self::Started(job)),
            "produced" => Some(Self::Produced(job)),
            _ => None,
        }
    }
}

/// A task that waits for a text.
struct Listener {
    text: String,
    heard: oneshot::Sender<()>,
}

impl Output {
    /// Creates an output from which nothing is read yet.
    pub(crate) fn new(log: &Path, announced: impl Fn(News<'_>) + Send + Sync + 'static) -> Self {
        Self {
            readers: JoinSet::new(),
            listeners: Arc::default(),
            log: log.to_owned(),
            announced: Arc::new(announced),
        }
    }

    /// Starts to read the output, and separates the announcements of handlers from log lines.
    pub(crate) fn read(&mut self, pipe: impl AsyncRead + Send + Unpin + 'static) -> io::Result<()> {
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let (listeners, announced) = (Arc::clone(&self.listeners), Arc::clone(&self.announced));
        self.readers.spawn(async move {
            let mut lines = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                match News::read(&line) {
                    Some(news) => announced(news),
                    None => pass_on(&line, &mut log, &listeners),
                }
            }
        });
        Ok(())
    }

    /// Completes when a line with this text is written after this call.
    pub(crate) fn says(&self, text: &str) -> impl Future<Output = ()> + use<> {
        let (heard, comes) = oneshot::channel();
        let text = text.to_owned();
        self.listeners
            .lock()
            .expect("nothing panics while holding it")
            .push(Listener { text, heard });
        async move {
            if comes.await.is_err() {
                // The worker is gone, so no further line can arrive.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits for the last line.
    pub(crate) async fn end(&mut self) {
        while self.readers.join_next().await.is_some() {}
    }
}

fn pass_on(line: &str, log: &mut File, listeners: &Mutex<Vec<Listener>>) {
    // The file is meant for people, not for the test, so an error does not matter.
    let _ = writeln!(log, "{line}");
    let mut listeners = listeners.lock().expect("nothing panics while holding it");
    let heard = listeners.extract_if(.., |listener| line.contains(&listener.text));
    for listener in heard {
        // The listener may have stopped waiting.
        let _ = listener.heard.send(());
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}
