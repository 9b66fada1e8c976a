//! Job ids: `<uuid>-l1` for `/run`, and `sync-<uuid>-l1` for `/runsync`.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use serde::{Serialize, Serializer};
use uuid::Uuid;

const SYNC: &str = "sync-";
const REGION: &str = "-l1";

/// A job's id. It is stored as a number, because there may be a million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JobId {
    uuid: Uuid,
    sync: bool,
}

impl JobId {
    pub(crate) fn new(sync: bool) -> Self {
        Self {
            uuid: Uuid::new_v4(),
            sync,
        }
    }

    /// Returns the id of the job with this number in a simulation. The same number always gives the same id.
    pub(super) fn numbered(number: u64) -> Self {
        // The hash of an id needs well-distributed bits: a multiplication with an odd number and a shift.
        let mixed = (number ^ (number >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            uuid: Uuid::from_u64_pair(mixed ^ (mixed >> 29), number),
            sync: false,
        }
    }

    /// Returns whether the job was submitted with `/runsync`.
    pub(crate) fn is_sync(self) -> bool {
        self.sync
    }

    /// Parses an id. Returns `None` if no job can have it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (sync, rest) = match text.strip_prefix(SYNC) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let uuid = rest.strip_suffix(REGION)?;
        // Other spellings of a UUID are not valid ids.
        if uuid.len() != 36 || uuid.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        Some(Self {
            uuid: Uuid::try_parse(uuid).ok()?,
            sync,
        })
    }
}

impl Hash for JobId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The id consists of random bits, so its bits already form a hash.
        let (high, low) = self.uuid.as_u64_pair();
        state.write_u64(high ^ low);
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        f.write_str(if self.sync { SYNC } else { "" })?;
        f.write_str(self.uuid.hyphenated().encode_lower(&mut text))?;
        f.write_str(REGION)
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A map with job ids as keys.
pub(super) type ByJob<V> = HashMap<JobId, V, BuildHasherDefault<IdHasher>>;

/// A hasher for job ids only. Clients cannot choose the ids that are stored, so they cannot cause collisions.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
