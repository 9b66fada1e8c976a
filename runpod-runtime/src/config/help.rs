//! The text of `--help`.

use std::fmt::Write as _;

use super::flags::Flag;

/// The environment variables that a person may want to set, each with what it does.
const VARIABLES: [(&str, &str); 14] = [
    (
        "RUNPOD_WEBHOOK_GET_JOB",
        "where jobs are taken; unset: run locally",
    ),
    ("RUNPOD_WEBHOOK_POST_OUTPUT", "where results go"),
    (
        "RUNPOD_WEBHOOK_POST_STREAM",
        "where the items of streams go",
    ),
    ("RUNPOD_WEBHOOK_PING", "where heartbeats go"),
    (
        "RUNPOD_PING_INTERVAL",
        "milliseconds between heartbeats (10000)",
    ),
    ("RUNPOD_AI_API_KEY", "the key sent with every request"),
    (
        "RUNPOD_POD_ID",
        "the worker's id (a random one, without heartbeats)",
    ),
    (
        "RUNPOD_POD_HOSTNAME",
        "the host name in error reports (unknown)",
    ),
    ("RUNPOD_ENDPOINT_ID", "set: log lines are JSON"),
    (
        "RUNPOD_LOG_LEVEL",
        "as --log-level; RUNPOD_DEBUG_LEVEL where it is unset",
    ),
    (
        "RUNPOD_SHUTDOWN_GRACE_S",
        "seconds that running jobs get at shutdown (600)",
    ),
    (
        "RUNPOD_RESULT_SPOOL",
        "where undelivered results are kept: a directory, or off",
    ),
    (
        "RUNPOD_LOCAL_API_KEY",
        "the key that clients of --serve-api must send (none)",
    ),
    ("NO_COLOR", "set: no colours in the terminal"),
];

/// What the worker understands, for a person who asked.
pub(crate) fn help(program: &str) -> String {
    let mut text = format!(
        "Usage: {program} [FLAGS] [-- ARGUMENTS OF THE PROGRAM]\n\n\
         Runs this program's handler: on Runpod Serverless where RUNPOD_WEBHOOK_GET_JOB is set,\n\
         else on one test job, from --test-input or from the file test_input.json.\n\n\
         Flags, each with the Python SDK's spelling; unknown ones are left to the program:\n"
    );
    for flag in Flag::ALL {
        let value = flag
            .placeholder()
            .map(|value| format!(" {value}"))
            .unwrap_or_default();
        let ours = format!("{}{value}", flag.kebab_name());
        // The SDK has no `--schema`.
        let theirs = Some(flag.sdk_name()).filter(|name| *name != flag.kebab_name());
        let both = format!("{ours:<25}  {}", theirs.unwrap_or_default());
        line(&mut text, &both, 48);
        let _ = writeln!(text, "{}", flag.about());
    }
    line(&mut text, "--help                     -h", 48);
    text.push_str("show this text\n\nEnvironment:\n");
    for (name, about) in VARIABLES {
        line(&mut text, name, 28);
        let _ = writeln!(text, "{about}");
    }
    text.push_str("\nExit code: 0 after success, 1 after a failed test job or an error.\n");
    text
}

/// The left column.
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
