use tracing::{Span, debug, error, info, trace, warn};
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::config::{LogLevel, Secret};
use crate::logging::capture::{Page, captured, captured_with};
use crate::logging::job_span;

fn settings(level: LogLevel) -> LogSettings {
    LogSettings {
        level,
        json: false,
        secrets: Secrets::default(),
        color: false,
        waits_for_reader: true,
    }
}

fn terminal(act: impl FnOnce()) -> String {
    captured(act)
}

fn json(act: impl FnOnce()) -> String {
    let settings = LogSettings {
        json: true,
        ..settings(LogLevel::Trace)
    };
    captured_with(&settings, act)
}

#[test]
fn an_event_outside_of_every_job_has_no_id() {
    assert_eq!(terminal(|| info!("ready")), "INFO   | ready\n");
    assert_eq!(
        json(|| warn!("ready")),
        "{\"requestId\": null, \"message\": \"ready\", \"level\": \"WARN\"}\n"
    );
}

#[test]
fn an_event_in_a_jobs_span_has_its_id_through_all_spans_between() {
    let act = || {
        job_span("j-1", None).in_scope(|| {
            tracing::info_span!("user", id = "u").in_scope(|| {
                // A user's own span of the same name is not a job's span.
                tracing::info_span!(target: "mine", "job", id = "x").in_scope(|| info!("in"));
            });
        });
        info!("out");
    };
    assert_eq!(terminal(act), "INFO   | j-1 | in\nINFO   | out\n");
    assert!(json(act).starts_with("{\"requestId\": \"j-1\", \"message\": \"in\""));
}

#[test]
fn the_nearest_job_counts() {
    let text = terminal(|| {
        job_span("outer", None).in_scope(|| {
            job_span("inner", None).in_scope(|| error!("a"));
            error!("b");
        });
    });
    assert_eq!(text, "ERROR  | inner | a\nERROR  | outer | b\n");
}

#[test]
fn a_job_id_on_the_event_wins_over_the_span_and_is_not_repeated() {
    let text = terminal(|| {
        job_span("span", None).in_scope(|| {
            let id = String::from("event");
            info!(job_id = id, "a");
            info!(job_id = %id, "b");
            info!(job_id = "", "c");
        });
    });
    assert_eq!(text, "INFO   | event | a\nINFO   | event | b\nINFO   | c\n");
}

#[test]
fn a_batch_is_named_before_the_message() {
    let text = json(|| {
        job_span("j", Some("b-7")).in_scope(|| info!("a"));
        job_span("j", Some("")).in_scope(|| info!("b"));
    });
    assert_eq!(
        text,
        "{\"requestId\": \"j\", \"message\": \"[batchId=b-7] a\", \"level\": \"INFO\"}\n\
         {\"requestId\": \"j\", \"message\": \"b\", \"level\": \"INFO\"}\n"
    );
}

#[test]
fn other_fields_stand_behind_the_message() {
    let text = terminal(|| {
        let cause = "x".parse::<u8>().unwrap_err();
        let error: &(dyn Error + 'static) = &cause;
        info!(count = 3, name = "a b", plain = "ab", r#type = ?Some(1), error, "done");
        info!(only = true);
        info!(empty = "", equals = "a=b");
    });
    assert_eq!(
        text,
        "INFO   | done count=3 name=\"a b\" plain=ab type=Some(1) error=\"invalid digit found in string\"\n\
         INFO   | only=true\n\
         INFO   | empty=\"\" equals=\"a=b\"\n"
    );
}

#[test]
fn an_error_in_a_field_is_shown_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("no model")]
    struct NoModel(#[source] std::num::ParseIntError);
    let text = terminal(|| {
        let error = NoModel("x".parse::<u8>().unwrap_err());
        warn!(error = &error as &(dyn Error + 'static), "not ready");
    });
    assert_eq!(
        text,
        "WARN   | not ready error=\"no model: invalid digit found in string\"\n"
    );
}

#[test]
fn only_events_of_the_chosen_level_and_above_are_written() {
    let act = || {
        trace!("t");
        debug!("d");
        info!("i");
        warn!("w");
        error!("e");
    };
    for (level, expected) in [
        (LogLevel::NotSet, ""),
        (LogLevel::Error, "e"),
        (LogLevel::Warn, "we"),
        (LogLevel::Info, "iwe"),
        (LogLevel::Debug, "diwe"),
        (LogLevel::Trace, "tdiwe"),
    ] {
        let letters: String = captured_with(&settings(level), act)
            .lines()
            .filter_map(|line| line.chars().last())
            .collect();
        assert_eq!(letters, expected, "{level}");
    }
}

#[test]
fn an_error_keeps_its_job_at_every_level() {
    let text = captured_with(&settings(LogLevel::Error), || {
        job_span("j", None).in_scope(|| error!("gone"));
    });
    assert_eq!(text, "ERROR  | j | gone\n");
}

#[test]
fn noisy_libraries_are_heard_from_warnings_on() {
    let text = terminal(|| {
        debug!(target: "hyper_util::client::legacy", "pooling");
        info!(target: "reqwest::connect", "connecting");
        warn!(target: "rustls", "odd");
        debug!(target: "hyperspace", "a user's own crate");
    });
    assert_eq!(text, "WARN   | odd\nDEBUG  | a user's own crate\n");
    let text = captured_with(&settings(LogLevel::Error), || warn!(target: "h2", "odd"));
    assert_eq!(text, "");
}

#[test]
fn the_key_is_redacted_wherever_it_stands() {
    let settings = LogSettings {
        secrets: Secret::new("rpa_SECRETKEY").into(),
        ..settings(LogLevel::Trace)
    };
    let act = || {
        job_span("j-rpa_SECRETKEY", Some("b-rpa_SECRETKEY")).in_scope(|| {
            info!(field = "rpa_SECRETKEY", debugged = ?Some("rpa_SECRETKEY"), "key rpa_SECRETKEY");
        });
        info!(job_id = "rpa_SECRETKEY", "x");
    };
    assert_eq!(
        captured_with(&settings, act),
        "INFO   | j-[redacted] | [batchId=b-[redacted]] key [redacted] field=[redacted] \
         debugged=Some(\"[redacted]\")\n\
         INFO   | [redacted] | x\n"
    );
    let settings = LogSettings {
        json: true,
        ..settings
    };
    assert!(!captured_with(&settings, act).contains("SECRETKEY"));
}

#[test]
fn a_key_across_the_cut_of_a_long_message_leaves_no_half() {
    let settings = LogSettings {
        secrets: Secret::new("rpa_SECRETKEY").into(),
        ..settings(LogLevel::Trace)
    };
    for place in 2036..2050 {
        let message = format!("{}rpa_SECRETKEY{}", "a".repeat(place), "b".repeat(4000));
        let text = captured_with(&settings, || info!("{message}"));
        assert!(text.contains("...TRUNCATED "), "{text}");
        assert!(
            !text.contains("rpa_") && !text.contains("KEY"),
            "{place}: {text}"
        );
    }
}

#[test]
fn a_long_message_is_cut_as_the_sdk_cuts_it() {
    let message = "ü".repeat(5000);
    let text = json(|| info!("{message}"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let half = "ü".repeat(2048);
    assert_eq!(
        value["message"],
        format!("{half}\n...TRUNCATED 904 CHARACTERS...\n{half}")
    );
}

#[test]
fn a_line_is_handed_over_in_one_piece() {
    let page = Page::default();
    let layer = LogLayer::new(&settings(LogLevel::Info), page.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        info!("a\nb");
        info!("c");
    });
    assert_eq!(page.lines(), ["INFO   | a\n       | b\n", "INFO   | c\n"]);
}

#[test]
fn a_value_that_logs_while_it_is_shown_does_not_block_the_log() {
    struct Talkative;
    impl fmt::Debug for Talkative {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!("inner");
            f.write_str("shown")
        }
    }
    let text = terminal(|| info!(value = ?Talkative, "outer"));
    // `tracing` does not enter a subscriber twice on one thread, so the inner event is dropped and there is no
    // deadlock.
    assert!(text.ends_with("INFO   | outer value=shown\n"), "{text}");
}

#[test]
fn job_data_in_a_field_cannot_forge_a_line() {
    let text = terminal(|| {
        info!(name = "x\nERROR  | forged", "a\u{1b}[2J");
        Span::none().in_scope(|| info!(job_id = "j\u{1b}[1m\n", "b"));
    });
    assert_eq!(
        text,
        "INFO   | a\\u{1b}[2J name=\"x\\nERROR  | forged\"\n\
         INFO   | j\\u{1b}[1m\\n | b\n"
    );
}

#[test]
fn an_event_that_tracing_log_forwards_is_a_line_like_any_other() {
    let text = terminal(|| {
        info!(target: "log", { "log.target" = "mine" }, "from a library");
        info!(target: "log", { "log.target" = "hyper::client" }, "noise");
        info!(target: "mine", { "log.target" = "x" }, "a field of the program");
    });
    assert_eq!(
        text,
        "INFO   | from a library\nINFO   | a field of the program log.target=x\n"
    );
}
