//! Reads jobs from the JSON that the platform sends.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{BrokenJob, broken_json};
use crate::handler::TakenJob;
use crate::text::both_ends_of;

/// Reads one job from bytes that should be its JSON text.
pub(crate) fn read_job_in(bytes: &[u8]) -> Result<TakenJob, BrokenJob> {
    match str::from_utf8(bytes) {
        Ok(text) => read_job(text),
        Err(error) if error.error_len().is_none() => Err(cut_off(bytes)),
        Err(error) => Err(BrokenJob {
            id: readable_id(bytes),
            reason: format!("it is not UTF-8: {error}"),
        }),
    }
}

/// Returns the jobs of an answer that was read only up to `limit` bytes. If a job was read only in part, it fails, so
/// that its client gets an answer.
pub(super) fn jobs_before(limit: usize, read: &[u8]) -> Vec<Result<TakenJob, BrokenJob>> {
    let texts = texts_of_jobs(read);
    let mut jobs: Vec<_> = texts.iter().map(|text| read_job_in(text)).collect();
    // Only the last job can be incomplete.
    if let (Some(Err(last)), Some(text)) = (jobs.last_mut(), texts.last())
        && last.id.is_none()
    {
        *last = BrokenJob {
            id: readable_id(text),
            reason: format!(
                "the platform's answer with this job is larger than {limit} bytes, the limit for the number of jobs \
                 requested"
            ),
        };
    }
    jobs
}

/// Returns the ids of the jobs in an incomplete answer, for the log.
pub(super) fn readable_ids(read: &[u8]) -> Vec<String> {
    let texts = texts_of_jobs(read).into_iter();
    texts.filter_map(readable_id).collect()
}

fn texts_of_jobs(answer: &[u8]) -> Vec<&[u8]> {
    match answer.trim_ascii_start() {
        job @ [b'{', ..] => vec![job],
        list => broken_json::elements(list),
    }
}

/// Describes a job whose end is missing. Its client gets no failed result, because the job itself may be valid. The
/// platform can hand it over again because no heartbeat names it.
fn cut_off(job: &[u8]) -> BrokenJob {
    let named = readable_id(job).map_or_else(String::new, |id| format!(" {id:?}"));
    BrokenJob {
        id: None,
        reason: format!("the platform's answer ends in the middle of the job{named}"),
    }
}

/// Returns the id of a job that is not valid JSON as a whole.
fn readable_id(job: &[u8]) -> Option<String> {
    let last = broken_json::values_of(job, "id").pop()?;
    let id: String = serde_json::from_slice(last).ok()?;
    is_usable_id(&id).then_some(id)
}

/// The longest id that a job may have, in bytes. Ids appear in URLs, in headers and in every log line. Servers accept
/// URLs of 8 KiB, and heartbeats name all running jobs.
const LONGEST_ID: usize = 1024;

/// If an id is invalid, the message repeats this many characters of it.
const LONGEST_FOUND: usize = 100;

/// `.` and `..` have a special meaning in the path of a URL, so the result would be sent to the wrong address.
fn is_usable_id(id: &str) -> bool {
    id.len() <= LONGEST_ID && !matches!(id, "" | "." | "..")
}

/// Reads one job from its JSON text.
pub(crate) fn read_job(text: &str) -> Result<TakenJob, BrokenJob> {
    match serde_json::from_str::<UnreadJob<'_>>(text) {
        Ok(job) => job.read(),
        Err(error) if error.is_eof() => Err(cut_off(text.as_bytes())),
        Err(error) => {
            // If the value has another type, serde's message would repeat its content.
            let why = if error.is_data() {
                String::new()
            } else {
                format!(": {error}")
            };
            Err(BrokenJob {
                id: readable_id(text.as_bytes()),
                reason: format!("it is not a JSON object{why}"),
            })
        }
    }
}

/// A job's JSON object, parsed one level deep. Its values are still text, so that one invalid value does not spoil
/// the other jobs of the same answer.
#[derive(Default)]
pub(super) struct UnreadJob<'j> {
    id: Option<&'j RawValue>,
    input: Option<&'j RawValue>,
    webhook: Option<&'j RawValue>,
    others: Vec<(Cow<'j, str>, &'j RawValue)>,
}

impl UnreadJob<'_> {
    pub(super) fn read(self) -> Result<TakenJob, BrokenJob> {
        let broken = |id: Option<String>, reason: String| BrokenJob { id, reason };
        let id = self
            .id
            .ok_or_else(|| broken(None, "it has no `id`".to_owned()))?;
        let id: String = serde_json::from_str(id.get()).map_err(|_| {
            broken(
                None,
                format!(
                    "its `id` is not a string: {}",
                    both_ends_of(id.get(), LONGEST_FOUND)
                ),
            )
        })?;
        if !is_usable_id(&id) {
            let length = id.len();
            let reason = if length > LONGEST_ID {
                format!("its `id` is {length} bytes long; the limit is {LONGEST_ID}")
            } else {
                format!("its `id` {id:?} is not allowed")
            };
            return Err(broken(None, reason));
        }
        let Some(input) = self.input else {
            return Err(broken(Some(id), "it has no `input`".to_owned()));
        };
        let mut extra = Map::new();
        for (key, value) in self.others {
            if let Ok(value) = serde_json::from_str::<Value>(value.get()) {
                extra.insert(key.into_owned(), value);
            }
        }
        Ok(TakenJob {
            id,
            input: input.to_owned(),
            webhook: self
                .webhook
                .and_then(|text| serde_json::from_str(text.get()).ok().flatten()),
            extra,
            handler: None,
            #[cfg(all(feature = "http", feature = "otel"))]
            request: None,
        })
    }
}

impl<'de> Deserialize<'de> for UnreadJob<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JobVisitor;

        impl<'de> Visitor<'de> for JobVisitor {
            type Value = UnreadJob<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a job, which is an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut job = UnreadJob::default();
                // If several entries have the same key, the last one counts.
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    let value = map.next_value()?;
                    match key {
                        Key::Id => job.id = Some(value),
                        Key::Input => job.input = Some(value),
                        Key::Webhook => job.webhook = Some(value),
                        Key::Other(key) => job.others.push((key, value)),
                    }
                }
                Ok(job)
            }
        }

        deserializer.deserialize_map(JobVisitor)
    }
}

enum Key<'j> {
    Id,
    Input,
    Webhook,
    Other(Cow<'j, str>),
}

impl<'j> Key<'j> {
    fn of(key: Cow<'j, str>) -> Self {
        match &*key {
            "id" => Self::Id,
            "input" => Self::Input,
            "webhook" => Self::Webhook,
            _ => Self::Other(key),
        }
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key::of(Cow::Borrowed(key)))
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key::of(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}
