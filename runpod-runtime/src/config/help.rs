//! The text of `--help`.

use std::fmt::Write as _;

use super::flags::Flag;

/// The environment variables that a user may want to set, with their descriptions.
const VARIABLES: [(&str, &str); 22] = [
    (
        "RUNPOD_WEBHOOK_GET_JOB",
        "URL to take jobs from; if unset, the worker runs locally",
    ),
    ("RUNPOD_WEBHOOK_POST_OUTPUT", "URL to post results to"),
    ("RUNPOD_WEBHOOK_POST_STREAM", "URL to post stream items to"),
    ("RUNPOD_WEBHOOK_PING", "URL to send heartbeats to"),
    (
        "RUNPOD_PING_INTERVAL",
        "milliseconds between heartbeats [default: 10000]",
    ),
    ("RUNPOD_AI_API_KEY", "API key to send with every request"),
    (
        "RUNPOD_POD_ID",
        "worker id; if unset, the id is random and no heartbeats are sent",
    ),
    (
        "RUNPOD_POD_HOSTNAME",
        "host name for error reports [default: unknown]",
    ),
    ("RUNPOD_ENDPOINT_ID", "if set, log lines are JSON"),
    (
        "RUNPOD_LOG_LEVEL",
        "same as --log-level; if unset, RUNPOD_DEBUG_LEVEL is read",
    ),
    (
        "RUNPOD_SHUTDOWN_GRACE_S",
        "grace time for running jobs at shutdown, in seconds [default: 600]",
    ),
    (
        "RUNPOD_INIT_TIMEOUT",
        "time for `main` on the platform, in seconds [default: 800]",
    ),
    (
        "RUNPOD_MAX_RESULT_BYTES",
        "size beyond which a result is not posted [default: 20971520]",
    ),
    (
        "RUNPOD_RESULT_SPOOL",
        "directory to keep undelivered results in, or off",
    ),
    (
        "RUNPOD_METRICS_PORT",
        "port to serve Prometheus metrics on; if unset, none are served",
    ),
    (
        "RUNPOD_LOCAL_API_KEY",
        "key that clients of --serve-api must send; if unset, none",
    ),
    (
        "PORT",
        "port to serve HTTP on, without a queue (feature `http`) [default: 80]",
    ),
    (
        "PORT_HEALTH",
        "port of the health check [default: the same as PORT]",
    ),
    (
        "HEALTH_CHECK_PATH",
        "path of the health check [default: /ping]",
    ),
    (
        "RUNPOD_HTTP_WAIT_S",
        "seconds that a request may wait for a slot [default: 30]",
    ),
    (
        "RUNPOD_REALTIME_PORT",
        "port of a realtime endpoint (feature `http`)",
    ),
    ("NO_COLOR", "if set, no colours in the terminal"),
];

/// Returns the text of `--help`: usage, flags and environment variables.
pub(crate) fn help(program: &str) -> String {
    let mut text = format!(
        "Usage: {program} [FLAGS] [-- PROGRAM ARGUMENTS]\n\n\
         Runs this program's handler. If RUNPOD_WEBHOOK_GET_JOB is set, the worker takes jobs from\n\
         Runpod Serverless. Otherwise it runs one test job, from --test-input or test_input.json.\n\n\
         Flags, each followed by the Python SDK's spelling. Unknown flags are passed to the program.\n"
    );
    for flag in Flag::ALL {
        let value = flag
            .placeholder()
            .map(|value| format!(" {value}"))
            .unwrap_or_default();
        let ours = format!("{}{value}", flag.kebab_name());
        // The SDK has neither `--schema` nor `--check`, so both spellings are the same.
        let theirs = Some(flag.sdk_name()).filter(|name| *name != flag.kebab_name());
        let both = format!("{ours:<25}  {}", theirs.unwrap_or_default());
        line(&mut text, &both, 48);
        let _ = writeln!(text, "{}", flag.about());
    }
    line(&mut text, "--help                     -h", 48);
    text.push_str("show this help\n\nEnvironment:\n");
    for (name, about) in VARIABLES {
        line(&mut text, name, 28);
        let _ = writeln!(text, "{about}");
    }
    text.push_str("\nExit code: 0 on success, 1 if a test job fails or an error occurs.\n");
    text
}

/// Writes the left column of a line.
fn line(text: &mut String, left: &str, width: usize) {
    let _ = write!(text, "  {left:<width$}  ");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_listed_in_both_spellings_and_no_line_is_too_long() {
        let text = help("greeter");
        for flag in Flag::ALL {
            assert!(text.contains(flag.kebab_name()), "{}", flag.kebab_name());
            assert!(text.contains(flag.sdk_name()), "{}", flag.sdk_name());
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 120, "{line}");
        }
    }

    #[test]
    fn the_text_names_the_program_and_the_variables() {
        let text = help("greeter");
        assert!(text.starts_with("Usage: greeter [FLAGS]"));
        for variable in ["RUNPOD_PING_INTERVAL", "RUNPOD_RESULT_SPOOL", "NO_COLOR"] {
            assert!(text.contains(variable), "{variable}");
        }
    }
}
