//! The name of a result's file: when the result was stored, whose job it is, and which worker is to deliver it.
//!
//! An example is `1767225600000000-job-1-<digest>.<owner>.result`. The name shows the order, the age and the owner, so
//! nothing has to read the file for them. The owner changes by a rename, which is atomic.

use std::time::Duration;

use crate::config::digest;
use crate::text::encode_component;

/// The owner of results that any worker may take.
pub(super) const NOBODY: &str = "free";

const SUFFIX: &str = ".result";
/// The suffix of a corrupt result's file.
pub(super) const CORRUPT: &str = ".corrupt";
/// The suffix of a file that is still being written.
pub(super) const UNFINISHED: &str = ".unfinished";

/// After a day the platform has forgotten the job. If it then answers that it does not know the job, that is final.
pub(super) const LONGEST_KEPT: Duration = Duration::from_hours(24);

/// How many characters of a job's id are in the name of its file. For longer ids, the digest after it tells them apart.
const LONGEST_ID_IN_NAME: usize = 100;

/// A result in the spool that was not read yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Microseconds since 1970.
    stored_at: u64,
    file_name: String,
    bytes: u64,
}

impl Entry {
    pub(super) fn new(
        stored_at: u64,
        job_id: &str,
        worker_id: &str,
        owner: &str,
        bytes: u64,
    ) -> Self {
        let key = key(job_id, worker_id);
        Self {
            stored_at,
            file_name: format!("{stored_at:016}-{key}.{owner}{SUFFIX}"),
            bytes,
        }
    }

    /// Parses a name that [`new`](Self::new) has created.
    pub(super) fn named(file_name: String, bytes: u64) -> Option<Self> {
        let (rest, owner) = file_name.strip_suffix(SUFFIX)?.rsplit_once('.')?;
        let (stored_at, key) = rest.split_once('-')?;
        let (id, digest) = key.rsplit_once('-')?;
        // A similar name must not make the worker take another program's file for a result.
        let is_ours = stored_at.len() >= 16
            && stored_at.bytes().all(|byte| byte.is_ascii_digit())
            && id.len() <= LONGEST_ID_IN_NAME
            && id.bytes().all(is_encoded)
            && is_name_of_128_bits(digest)
            && (owner == NOBODY || is_name_of_128_bits(owner));
        if !is_ours {
            return None;
        }
        Some(Self {
            stored_at: stored_at.parse().ok()?,
            file_name,
            bytes,
        })
    }

    /// Returns whether the name belongs to this job and this worker.
    pub(super) fn is_of(&self, job_id: &str, worker_id: &str) -> bool {
        self.key() == key(job_id, worker_id)
    }

    pub(super) fn owned_by(&self, owner: &str) -> Self {
        let (rest, _) = self.parts();
        Self {
            stored_at: self.stored_at,
            file_name: format!("{rest}.{owner}{SUFFIX}"),
            bytes: self.bytes,
        }
    }

    pub(super) fn file_name(&self) -> &str {
        &self.file_name
    }

    pub(super) fn owner(&self) -> &str {
        self.parts().1
    }

    pub(super) fn stored_at(&self) -> u64 {
        self.stored_at
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the part of the name that is the same for all results of one job in one worker.
    pub(super) fn key(&self) -> &str {
        let (rest, _) = self.parts();
        rest.split_once('-').map_or(rest, |(_, key)| key)
    }

    /// Returns the job's id as it is in the name: percent-encoded, and truncated if it is very long.
    pub(crate) fn job_id(&self) -> &str {
        self.key().rsplit_once('-').map_or("", |(id, _)| id)
    }

    fn parts(&self) -> (&str, &str) {
        let name = self
            .file_name
            .strip_suffix(SUFFIX)
            .unwrap_or(&self.file_name);
        name.rsplit_once('.').unwrap_or((name, NOBODY))
    }
}

/// Returns whether the text has 32 hexadecimal digits, like a digest or the name of an owner.
pub(super) fn is_name_of_128_bits(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether [`encode_component`] can produce this byte.
fn is_encoded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)
}

/// Returns a name for the result of a job in a worker. Whatever the ids contain, the name cannot lead out of the
/// directory.
fn key(job_id: &str, worker_id: &str) -> String {
    let mut id = encode_component(job_id).into_owned();
    id.truncate(LONGEST_ID_IN_NAME);
    format!("{id}-{:032x}", digest(&[job_id, worker_id]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_in_a_name_is_the_same_in_every_build() {
        // The FNV-1a digest (128 bits) of `job`, 0xff, `w`, 0xff, computed by another implementation.
        assert_eq!(
            digest(&["job", "w"]),
            0x2238_b4f7_413c_64bf_6eff_3bb7_2054_ad1f
        );
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }

    #[test]
    fn a_name_is_read_back_whatever_is_in_the_ids() {
        for id in ["job-1", "a.b.result", "..", "", "ä/€ -x", ".free.result"] {
            let owner = "0123456789abcdef0123456789abcdef";
            let entry = Entry::new(7, id, "w", owner, 9);
            let again = Entry::named(entry.file_name().to_owned(), 9).unwrap();
            assert_eq!(again, entry);
            assert_eq!((again.owner(), again.stored_at()), (owner, 7));
            assert_eq!(again.job_id(), encode_component(id));
            let free = again.owned_by(NOBODY);
            assert_eq!((free.owner(), free.key()), (NOBODY, entry.key()));
        }
    }

    #[test]
    fn other_names_are_not_results() {
        let ours = Entry::new(7, "a", "w", NOBODY, 0).file_name().to_owned();
        assert!(Entry::named(ours.clone(), 0).is_some());
        let digest = ours.rsplit_once('-').unwrap().1.split_once('.').unwrap().0;
        for name in [
            "notes.txt",
            "x.result",
            "0000000000000007-a-b.free.result",
            &ours.replace("0000000000000007", "0000007"),
            &ours.replace("0000000000000007", "+000000000000007"),
            &ours.replace("0000000000000007", "yesterday at six"),
            &ours.replace("-a-", "-a/b-"),
            &ours.replace("-a-", &format!("-{}-", "a".repeat(101))),
            &ours.replace(digest, &digest.to_uppercase()),
            &ours.replace(digest, &digest[1..]),
            &ours.replace(".free", ""),
            &ours.replace("free", ""),
            &ours.replace("free", "fr/ee"),
            &ours.replace("free", "gone"),
            &format!("{ours}.corrupt"),
        ] {
            assert_eq!(Entry::named(String::from(name), 0), None, "{name}");
        }
    }
}
