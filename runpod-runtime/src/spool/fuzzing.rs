//! Fuzzes the files in a spool. Anyone who shares the volume may have written them.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{Entry, JobResult};

pub(crate) fn file(data: &[u8]) {
    let line = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (name, content) = data.split_at(line);
    if let Ok(name) = str::from_utf8(name) {
        entry(name, content.len() as u64);
    }
    let Ok(record) = JobResult::read(Bytes::copy_from_slice(content.get(1..).unwrap_or_default()))
    else {
        return;
    };
    for body in record.items.iter().chain([&record.body]) {
        serde_json::from_slice::<&RawValue>(body).expect("every body is JSON");
    }
}

fn entry(name: &str, bytes: u64) {
    let Some(entry) = Entry::named(name.to_owned(), bytes) else {
        return;
    };
    assert_eq!(entry.file_name(), name);
    assert!(name.contains(entry.job_id()));
    let free = entry.owned_by(super::name::NOBODY);
    let again = Entry::named(free.file_name().to_owned(), bytes).expect("the new name is valid");
    assert_eq!(
        (again.key(), again.stored_at()),
        (entry.key(), entry.stored_at())
    );
    assert_eq!(again.owner(), super::name::NOBODY);
}
