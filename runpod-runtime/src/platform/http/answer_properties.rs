//! Properties that hold for every answer a platform could give.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::json;

const JSON: &str = "application/json";

proptest! {
    #[test]
    fn no_answer_brings_the_worker_down(body: Vec<u8>, content_type: String, header: String) {
        let _ = jobs(&content_type, &body);
        let _ = jobs(JSON, &body);
        let _ = stops(JSON, &body);
        let _ = retry_after(&header, SystemTime::UNIX_EPOCH);
    }

    #[test]
    fn no_json_brings_the_worker_down(value in json::any()) {
        let body = value.to_string();
        let _ = jobs(JSON, body.as_bytes());
        let _ = stops(JSON, body.as_bytes());
    }

    #[test]
    fn every_job_is_read_as_it_was_sent_whatever_is_beside_it(
        id in "[^.].*", input in json::any(), others in prop::collection::vec(json::any(), 0..4), place: usize
    ) {
        let mut all = others;
        let place = place % (all.len() + 1);
        all.insert(place, json!({ "id": id, "input": input, "more": 1 }));
        let Taken::Jobs(jobs) = jobs(JSON, serde_json::Value::from(all.clone()).to_string().as_bytes()) else {
            panic!("no jobs");
        };
        prop_assert_eq!(jobs.len(), all.len());
        let job = jobs[place].as_ref().expect("the job is valid");
        prop_assert_eq!(&job.id, &id);
        prop_assert_eq!(job.input.get(), input.to_string());
    }

    #[test]
    fn every_id_to_stop_that_is_a_text_is_read(ids: Vec<String>, other in json::any()) {
        let mut list: Vec<_> = ids.iter().map(|id| json!(id)).collect();
        list.push(other.clone());
        let body = json!({ "jobsToStop": list }).to_string();
        let expected: Vec<_> = ids.into_iter().chain(other.as_str().map(str::to_owned)).collect();
        prop_assert_eq!(stops(JSON, body.as_bytes()), expected);
    }

    #[test]
    fn every_status_that_is_no_success_has_a_meaning(status in 300_u16..1000, size: usize) {
        let posted = not_accepted(StatusCode::from_u16(status).unwrap(), None, size);
        prop_assert_ne!(&posted, &Posted::Accepted);
        // A server error never means that the platform refuses the post permanently.
        if status >= 500 {
            let is_later = matches!(posted, Posted::Later { .. });
            prop_assert!(is_later);
        }
    }
}
