//! Fuzzes the code that reads answers.

use std::time::SystemTime;

use serde_json::value::RawValue;

use super::answer;
use crate::platform::Taken;

const JSON: &str = "application/json";

pub(crate) fn take_answer(data: &[u8]) {
    let Taken::Jobs(jobs) = answer::jobs(JSON, data) else {
        return;
    };
    assert!(!jobs.is_empty(), "an empty list counts as no jobs");
    for job in jobs {
        match job {
            Ok(job) => {
                assert!(!matches!(job.id.as_str(), "" | "." | ".."));
                serde_json::from_str::<&RawValue>(job.input.get()).expect("an input is valid JSON");
            }
            Err(broken) => assert!(!broken.reason.is_empty()),
        }
    }
}

pub(crate) fn stop_answer(data: &[u8]) {
    let stops = answer::stops(JSON, data);
    assert!(
        stops.is_empty() || data.len() > stops.iter().map(String::len).sum(),
        "every id comes from the answer"
    );
}

pub(crate) fn retry_after(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600);
        // The caller limits the pause, so any length is fine here.
        let _ = answer::retry_after(text, now);
    }
}
