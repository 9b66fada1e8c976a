//! Job ids: `<uuid>-l1`, and `sync-<uuid>-l1` of `/runsync`.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use serde::{Serialize, Serializer};
use uuid::Uuid;

const SYNC: &str = "sync-";
const REGION: &str = "-l1";

/// Kept as a number: a million of them are held.
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

    /// Of `/runsync`?
    pub(crate) fn is_sync(self) -> bool {
        self.sync
    }

    /// None where no job can have this id.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (sync, rest) = match text.strip_prefix(SYNC) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let uuid = rest.strip_suffix(REGION)?;
        // The other spellings of a UUID are no ids of ours.
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
        // Random bits of our own making are a hash already.
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

/// A map from job ids.
pub(super) type ByJob<V> = HashMap<JobId, V, BuildHasherDefault<IdHasher>>;

/// Hashes job ids, and nothing else. Nobody outside chooses an id that is kept, so that nobody can make them collide.
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
