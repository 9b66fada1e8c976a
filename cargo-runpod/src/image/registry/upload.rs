//! Uploads a blob in parts. After a fault, and after a run that was killed, the upload continues at the offset that the
//! registry reports.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Method, Response, StatusCode};

use super::client::{Client, Request};
use super::pause::Pauses;
use super::sessions::{Session, Sessions};
use super::trouble::Trouble;

/// The size of a part. A fault costs one part at most.
const PART: u64 = 16 << 20;

/// The place from which the bytes of a blob are read.
pub(crate) enum Source {
    File(PathBuf),
    /// Another registry, which has the base image.
    Registry(Arc<Client>),
}

/// How a blob came into the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uploaded {
    WasThere,
    Mounted,
    Sent,
    /// The first bytes came from a run before this one.
    Continued,
}

impl Client {
    /// Brings a blob into the repository. `from` is a repository of the same registry that has the blob. `sessions` has
    /// the uploads of earlier runs. `progress` is called with the number of bytes that the registry has.
    pub(crate) async fn upload(
        &self,
        digest: &str,
        bytes: u64,
        source: &Source,
        from: Option<&str>,
        sessions: &Sessions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Uploaded, Trouble> {
        if self.has(digest).await? {
            progress(bytes);
            return Ok(Uploaded::WasThere);
        }
        let mut remembered = sessions.of(self.name(), digest);
        let before = match remembered.session() {
            // If the registry does not answer, starting again meets the same fault.
            Some(session) => self.continued(&session, bytes).await.unwrap_or(None),
            None => None,
        };
        let mut how = Uploaded::Sent;
        let mut session = match (before, from) {
            (Some(session), _) => {
                if session.offset > 0 {
                    how = Uploaded::Continued;
                }
                progress(session.offset);
                Some(session)
            }
            (None, Some(from)) => self.mounted(digest, from).await?,
            (None, None) => Some(self.started().await?),
        };
        let mut pauses = Pauses::default();
        // Counts the attempts since the upload was further than ever before.
        let mut stuck = Pauses::default();
        let mut furthest = session.as_ref().map_or(0, |open| open.offset);
        while let Some(open) = &session {
            remembered.remember(open);
            let trouble = match self.next_part(open, digest, bytes, source).await {
                Ok(next) => {
                    pauses.progress();
                    if let Some(next) = &next {
                        if next.offset > furthest {
                            furthest = next.offset;
                            stuck.progress();
                        } else if next.offset <= open.offset {
                            let text = "the registry accepts the parts, but does not keep them";
                            stuck.after(Trouble::Connection(text.to_owned())).await?;
                        }
                    }
                    progress(next.as_ref().map_or(bytes, |next| next.offset));
                    if next.is_none() {
                        remembered.forget();
                        return Ok(how);
                    }
                    session = next;
                    continue;
                }
                Err(trouble) => trouble,
            };
            let is_lost = matches!(
                trouble.status(),
                Some(StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE)
            );
            let lost = Trouble::Connection(format!(
                "the registry gave the upload up ({trouble}), and new attempts did not help"
            ));
            if !is_lost {
                pauses.after(trouble).await?;
            }
            // The registry may have the blob: perhaps only its last answer was lost.
            if self.has(digest).await? {
                progress(bytes);
                remembered.forget();
                return Ok(how);
            }
            session = if let Some(at) = self.continued(open, bytes).await? {
                if at.offset > furthest {
                    furthest = at.offset;
                    pauses.progress();
                    stuck.progress();
                } else if is_lost {
                    stuck.after(lost).await?;
                }
                Some(at)
            } else {
                // The registry has given the upload up. It starts again, a limited number of times.
                stuck.after(lost).await?;
                how = Uploaded::Sent;
                Some(self.started().await?)
            };
            progress(session.as_ref().map_or(0, |open| open.offset));
        }
        remembered.forget();
        progress(bytes);
        Ok(Uploaded::Mounted)
    }

    async fn started(&self) -> Result<Session, Trouble> {
        let request =
            Request::new(Method::POST, self.name().url("blobs/uploads/")).scope(self.push());
        let location = self
            .retried(&request, async |answer| self.location(&answer))
            .await?;
        Ok(Session {
            location,
            offset: 0,
        })
    }

    /// Asks for a blob of another repository. Returns `None` if the registry has linked it, otherwise an upload.
    async fn mounted(&self, digest: &str, from: &str) -> Result<Option<Session>, Trouble> {
        let path = format!("blobs/uploads/?mount={digest}&from={from}");
        let request = Request::new(Method::POST, self.name().url(&path))
            .scope(self.push())
            .scope(Self::scope(from, "pull"));
        let answer = self
            .retried(&request, async |answer| {
                if answer.status() == StatusCode::CREATED {
                    return Ok(None);
                }
                self.location(&answer).map(Some)
            })
            .await;
        match answer {
            Ok(None) => Ok(None),
            Ok(Some(location)) => Ok(Some(Session {
                location,
                offset: 0,
            })),
            // Without the right to read the other repository, the blob is copied.
            Err(trouble) if !trouble.is_passing() => self.started().await.map(Some),
            Err(trouble) => Err(trouble),
        }
    }

    /// Sends the next part. Returns `None` if it was the last one.
    async fn next_part(
        &self,
        open: &Session,
        digest: &str,
        bytes: u64,
        source: &Source,
    ) -> Result<Option<Session>, Trouble> {
        let length = PART.min(bytes.saturating_sub(open.offset));
        let part = source.part(digest, open.offset, length).await?;
        let end = open.offset + length;
        if end < bytes {
            let range = format!("{}-{}", open.offset, end - 1);
            let request = Request::new(Method::PATCH, open.location.clone())
                .header(CONTENT_TYPE, "application/octet-stream")
                .header(CONTENT_RANGE, range)
                .body(part)
                .scope(self.push());
            let answer = self.once(&request).await?;
            return Ok(Some(Session {
                location: self.location(&answer)?,
                offset: reported(&answer).unwrap_or(end),
            }));
        }
        let joint = if open.location.contains('?') {
            '&'
        } else {
            '?'
        };
        let url = format!("{}{joint}digest={digest}", open.location);
        let request = Request::new(Method::PUT, url)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(part)
            .scope(self.push());
        self.once(&request).await?;
        Ok(None)
    }

    /// Asks how much of an upload the registry has. Returns `None` if it does not know the upload any more.
    async fn continued(&self, open: &Session, bytes: u64) -> Result<Option<Session>, Trouble> {
        let request = Request::new(Method::GET, open.location.clone()).scope(self.push());
        let found = self
            .retried(&request, async |answer| {
                let offset = reported(&answer).filter(|offset| *offset < bytes);
                let location = self.location(&answer).ok();
                Ok(location.zip(offset))
            })
            .await;
        match found {
            Ok(Some((location, offset))) => Ok(Some(Session { location, offset })),
            Ok(None) => Ok(None),
            Err(trouble) if !trouble.is_passing() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

/// Returns the number of bytes that the registry has, from the header `Range: 0-LAST`. A registry without any bytes
/// reports `0-0`, as if it had one.
fn reported(answer: &Response) -> Option<u64> {
    let range = answer.headers().get(RANGE)?.to_str().ok()?;
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let last: u64 = range.rsplit_once('-')?.1.trim().parse().ok()?;
    Some(if last == 0 { 0 } else { last + 1 })
}

impl Source {
    async fn part(&self, digest: &str, offset: u64, length: u64) -> Result<Bytes, Trouble> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        match self {
            Self::Registry(other) => other.part(digest, offset, length).await,
            Self::File(path) => {
                let read = || {
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::Start(offset))?;
                    let mut part = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
                    file.read_exact(&mut part)?;
                    Ok(Bytes::from(part))
                };
                read().map_err(|error: std::io::Error| {
                    Trouble::Here(format!("{} cannot be read: {error}", path.display()))
                })
            }
        }
    }
}
