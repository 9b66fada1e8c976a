//! Pushes an image to a registry: first the blobs, several at a time, then the manifest.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};

use super::base::Base;
use super::layout::{Blob, Written};
use super::registry::{Client, Sessions, Source, Trouble, Uploaded};
use crate::failure::Failure;

/// How many blobs are uploaded at the same time.
const AT_ONCE: usize = 4;

/// The exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// An image that is in the registry.
#[derive(Debug)]
pub(crate) struct Pushed {
    /// The digest under which the registry has the image.
    pub(crate) digest: String,
    /// What became of each blob.
    pub(crate) blobs: Vec<(Blob, Uploaded)>,
}

impl Pushed {
    /// Returns the number and the size of the blobs that came into the repository in this way.
    pub(crate) fn count(&self, how: Uploaded) -> (usize, u64) {
        let blobs = self.blobs.iter().filter(|blob| blob.1 == how);
        blobs.fold((0, 0), |(count, bytes), (blob, _)| {
            (count + 1, bytes + blob.bytes)
        })
    }
}

/// Everything that the uploads share.
struct Push {
    client: Client,
    image: Written,
    /// The registry and the repository of the base image.
    base: Option<Arc<Client>>,
    sessions: Sessions,
    bar: ProgressBar,
    done: Mutex<Vec<(Blob, Uploaded)>>,
}

/// Pushes an image. A second call skips the blobs that the registry has, and continues the uploads in `sessions`.
pub(crate) async fn push(
    image: &Written,
    base: Option<&Base>,
    client: Client,
    sessions: Sessions,
) -> Result<Pushed, Failure> {
    let listening = |kind| {
        signal(kind).map_err(|error| Failure::new(format!("signals cannot be received: {error}")))
    };
    let mut interrupt = listening(SignalKind::interrupt())?;
    let mut terminate = listening(SignalKind::terminate())?;
    let push = Arc::new(Push {
        client,
        image: image.clone(),
        base: base.map(|base| Arc::clone(&base.client)),
        sessions,
        bar: bar(image),
        done: Mutex::default(),
    });
    // The uploads share this thread: they wait for the network most of the time.
    let uploads = LocalSet::new();
    let code = tokio::select! {
        ended = uploads.run_until(Arc::clone(&push).whole()) => {
            push.bar.finish_and_clear();
            return ended.map_err(|trouble| push.failed(&trouble));
        }
        _ = interrupt.recv() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    };
    push.bar.finish_and_clear();
    Err(Failure::new(format!(
        "the push was interrupted. {}\nThe tag was not changed. Run the command again to continue.",
        push.so_far()
    ))
    .with_code(code))
}

/// Shows the progress if stderr is a terminal.
fn bar(image: &Written) -> ProgressBar {
    let all = image.blobs.iter().chain([&image.configuration]);
    let bar = ProgressBar::new(all.map(|blob| blob.bytes).sum());
    let style = ProgressStyle::with_template("Pushing {bytes} of {total_bytes}  {bytes_per_sec}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Push {
    async fn whole(self: Arc<Self>) -> Result<Pushed, Trouble> {
        let mut waiting: Vec<Blob> = self.image.blobs.clone();
        waiting.push(self.image.configuration.clone());
        // An image may have the same layer twice. A blob is named by its content, so one upload is enough.
        waiting.sort_by(|one, other| one.digest.cmp(&other.digest));
        waiting.dedup_by(|one, other| one.digest == other.digest);
        // The largest ones take longest, so they start first.
        waiting.sort_by_key(|blob| blob.bytes);
        let mut running = JoinSet::new();
        loop {
            while running.len() < AT_ONCE
                && let Some(blob) = waiting.pop()
            {
                running.spawn_local(Arc::clone(&self).blob(blob));
            }
            match running.join_next().await {
                Some(Ok(ended)) => ended?,
                Some(Err(panicked)) => return Err(Trouble::Here(panicked.to_string())),
                None => break,
            }
        }
        let manifest = Bytes::from(self.image.manifest.clone());
        self.client
            .put_manifest(&self.image.manifest_type, manifest)
            .await?;
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Pushed {
            digest: self.image.digest.clone(),
            blobs: done.clone(),
        })
    }

    async fn blob(self: Arc<Self>, blob: Blob) -> Result<(), Trouble> {
        let (source, from) = match &self.base {
            Some(base) if blob.is_of_base => {
                let (base_name, name) = (base.name(), self.client.name());
                let is_mountable = base_name.is_in_registry_of(name)
                    && base_name.repository() != name.repository();
                let from = is_mountable.then(|| base_name.repository().to_owned());
                (Source::Registry(Arc::clone(base)), from)
            }
            _ => (Source::File(self.image.file(&blob.digest)), None),
        };
        let counted = Mutex::new(0);
        let progress = |bytes: u64| {
            let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
            if bytes > *counted {
                self.bar.inc(bytes - *counted);
                *counted = bytes;
            }
        };
        let how = self
            .client
            .upload(
                &blob.digest,
                blob.bytes,
                &source,
                from.as_deref(),
                &self.sessions,
                &progress,
            )
            .await?;
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push((blob, how));
        Ok(())
    }

    fn failed(&self, trouble: &Trouble) -> Failure {
        let name = self.client.name();
        let failure = trouble.failure(&format!("the push to {name}"), name.registry());
        failure.and(&self.so_far())
    }

    /// Says which part of the image the registry has.
    fn so_far(&self) -> String {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        format!(
            "{} of {} blobs are in {}/{}.",
            done.len(),
            self.image.blobs.len() + 1,
            self.client.name().registry(),
            self.client.name().repository()
        )
    }
}
