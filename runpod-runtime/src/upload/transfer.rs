//! Uploads a content to a bucket: in one request if it is small, otherwise in parts.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::content::Source;
use super::error::Cause;
use super::media_type;
use super::multipart::{MOST_PARTS, Multipart};
use super::progress::{Progress, Report};
use super::reader::Reader;
use super::requests::Requests;
use crate::handler::JobContext;

/// What to upload, and where.
pub(super) struct Transfer<'a> {
    pub(super) context: JobContext,
    pub(super) requests: Arc<Requests>,
    pub(super) content: Source<'a>,
    pub(super) media_type: Option<String>,
    pub(super) name: String,
    pub(super) expected_bytes: Option<u64>,
    pub(super) smallest_part: u64,
    pub(super) sends: Arc<Semaphore>,
    pub(super) progress: Option<Report<'a>>,
}

/// The size and the media type of an object that was uploaded.
pub(super) struct Done {
    pub(super) bytes: u64,
    pub(super) media_type: String,
}

impl Transfer<'_> {
    pub(super) async fn run(mut self) -> Result<Done, Cause> {
        let mut reader = Reader::open(self.content).await?;
        let mut sent = Progress::new(
            self.context,
            &reader,
            self.expected_bytes,
            self.progress.as_mut(),
        );
        let part_bytes = part_bytes(self.smallest_part, sent.total)?;
        let first = reader.part(part_bytes).await?;
        let media_type = self
            .media_type
            .unwrap_or_else(|| media_type::of(&first, &self.name));
        // A content that fills the first part exactly may have ended, too.
        let second = match first.len() {
            full if full == part_bytes => reader.part(part_bytes).await?,
            _ => bytes::Bytes::new(),
        };
        if second.is_empty() {
            sent.read(first.len())?;
            sent.check_size()?;
            let bytes = first.len() as u64;
            // The semaphore is never closed, so this always is a permit.
            let _permit = self.sends.acquire().await;
            self.requests.put(first, &media_type).await?;
            sent.sent(bytes);
        } else {
            let upload = Multipart::create(self.requests, &media_type).await?;
            let first = vec![first, second];
            upload
                .run(first, &mut reader, part_bytes, &self.sends, &mut sent)
                .await?;
        }
        Ok(Done {
            bytes: sent.bytes_read(),
            media_type,
        })
    }
}

/// Returns the size of the parts. All parts but the last have the same size, because some servers demand it.
fn part_bytes(smallest: u64, total: Option<u64>) -> Result<usize, Cause> {
    let bytes = total.unwrap_or(0).div_ceil(u64::from(MOST_PARTS));
    // Whole mebibytes are easier to recognise in a server's log.
    let bytes = bytes.next_multiple_of(1 << 20).max(smallest);
    usize::try_from(bytes).map_err(|_| Cause::TooLarge(format!("it has {bytes} bytes per part")))
}

#[cfg(test)]
mod tests {
    use super::part_bytes;

    #[test]
    fn a_content_has_at_most_ten_thousand_parts() {
        let size = |total| part_bytes(8 << 20, total).unwrap() as u64;
        assert_eq!(size(None), 8 << 20);
        assert_eq!(size(Some(0)), 8 << 20);
        assert_eq!(size(Some(80_000 << 20)), 8 << 20);
        assert_eq!(size(Some((80_000 << 20) + 1)), 9 << 20);
        let largest = 5 << 40;
        assert!(size(Some(largest)) * 10_000 >= largest);
    }
}
