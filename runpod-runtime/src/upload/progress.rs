//! Counts the bytes of an upload, checks them, and reports them.

use super::error::Cause;
use super::reader::Reader;
use crate::handler::JobContext;

/// Is called with the number of bytes that were sent and, if it is known, the whole number.
pub(super) type Report<'a> = Box<dyn FnMut(u64, Option<u64>) + Send + 'a>;

/// Counts the bytes of an upload.
pub(super) struct Progress<'r, 'a> {
    context: JobContext,
    pub(super) total: Option<u64>,
    expected: Option<u64>,
    read: u64,
    sent: u64,
    report: Option<&'r mut Report<'a>>,
}

impl<'r, 'a> Progress<'r, 'a> {
    pub(super) fn new(
        context: JobContext,
        reader: &Reader<'_>,
        expected: Option<u64>,
        report: Option<&'r mut Report<'a>>,
    ) -> Self {
        Self {
            context,
            total: reader.total.or(expected),
            expected,
            read: 0,
            sent: 0,
            report,
        }
    }

    /// Counts bytes that were read. The caller notices a cancelled job only when it waits, so it is noticed here.
    pub(super) fn read(&mut self, bytes: usize) -> Result<(), Cause> {
        self.read += bytes as u64;
        if self.context.is_cancelled() {
            return Err(Cause::Cancelled);
        }
        match self.expected {
            Some(expected) if self.read > expected => self.check_size(),
            _ => Ok(()),
        }
    }

    /// Counts bytes that were sent.
    pub(super) fn sent(&mut self, bytes: u64) {
        self.sent += bytes;
        if let Some(report) = &mut self.report {
            report(self.sent, self.total);
        }
    }

    /// Checks the size of a content that was read to its end.
    pub(super) fn check_size(&self) -> Result<(), Cause> {
        match self.expected {
            Some(expected) if expected != self.read => Err(Cause::Size {
                expected,
                found: self.read,
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }
}
