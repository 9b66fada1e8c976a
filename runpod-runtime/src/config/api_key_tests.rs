//! Tests for the variables whose values become a header or a part of a URL.

use super::*;

#[test]
fn a_key_that_no_header_can_hold_is_refused_without_being_shown() {
    assert_eq!(
        faults(&[("RUNPOD_AI_API_KEY", "rpa_SECRET\n")], &[]),
        [
            "RUNPOD_AI_API_KEY: character 11 of 11 cannot be sent in a request header; \
             expected a key without control characters; copy the key again, without a line break at its end"
        ]
    );
    let error = faults(
        &[
            ("RUNPOD_AI_API_KEY", "rpa_SECRET\r\n"),
            ("RUNPOD_LOG_LEVEL", "rpa_SECRET"),
        ],
        &[],
    );
    assert!(error[0].contains("character 11 of 12"), "{error:?}");
    assert!(
        error[1].starts_with("RUNPOD_LOG_LEVEL: found \"[redacted]\""),
        "{error:?}"
    );
}

#[test]
fn a_key_of_the_local_endpoint_that_no_client_can_send_is_named_by_its_own_variable() {
    let served = ["--rp_serve_api"];
    for (key, problem) in [
        ("SECRETKEY\n", "character 10 of 10 cannot be sent"),
        ("SECRET\r\n", "character 7 of 8 cannot be sent"),
        ("SCHLÜSSEL", "character 5 of 9 cannot be sent"),
        ("SECRETKEY ", "the key starts or ends with a space"),
        (" \t", "the value is empty or blank"),
        ("", "the value is empty or blank"),
    ] {
        let found = faults(&[("RUNPOD_LOCAL_API_KEY", key)], &served);
        assert_eq!(found.len(), 1, "{key:?}: {found:?}");
        assert!(
            found[0].starts_with(&format!("RUNPOD_LOCAL_API_KEY: {problem}")),
            "{key:?}: {found:?}"
        );
        assert!(!found[0].contains("SECRET"), "{found:?}");
    }
    // A worker that serves no endpoint does not need the key.
    settings(&[TAKE, OUTPUT, ("RUNPOD_LOCAL_API_KEY", "x\n")], &[]);
}

#[test]
fn a_blank_key_and_an_id_with_a_line_break_are_refused() {
    assert_eq!(
        faults(&[("RUNPOD_AI_API_KEY", " ")], &[]),
        [
            "RUNPOD_AI_API_KEY: the value is empty or blank; expected a key; set it to the key, or unset it"
        ]
    );
    assert_eq!(
        faults(&[("RUNPOD_POD_ID", "pod-1\n")], &[]),
        [
            "RUNPOD_POD_ID: character 6 of 6 is a control character; expected an id without control characters; \
             set it again, without a line break at its end"
        ]
    );
}
