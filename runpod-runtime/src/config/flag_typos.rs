//! Recognises arguments that were probably meant to be worker flags.
//!
//! Unknown arguments belong to the program, so this module only produces warnings. It must not warn about flags that
//! a program may define itself (`--port`, `--debug`, `--model`), because users learn to ignore warnings about correct
//! arguments.

use super::flags::Flag;

/// Returns the worker flag that an unknown argument nearly matches, in the spelling style of the argument.
pub(super) fn nearly_right(argument: &str) -> Option<&'static str> {
    let name = argument.split('=').next().unwrap_or_default();
    let dashes = name.len() - name.trim_start_matches('-').len();
    let body = name.trim_start_matches('-').to_lowercase();
    let plain = body.replace('_', "-");
    let flag = match dashes {
        1 => spelt(&plain),
        2 => spelt(&plain).or_else(|| match plain.strip_prefix("rp-") {
            Some(rest) => meant_with_prefix(rest),
            None => meant_without_prefix(&plain),
        }),
        _ => None,
    }?;
    // A user who writes `rp` or underscores follows the SDK's documentation.
    if body.starts_with("rp") || body.contains('_') {
        Some(flag.sdk_name())
    } else {
        Some(flag.kebab_name())
    }
}

/// Finds the flag that matches exactly, apart from dashes, underscores and case.
fn spelt(plain: &str) -> Option<Flag> {
    let plain = plain.strip_prefix("rp-").unwrap_or(plain);
    only(|flag| core(flag) == plain)
}

/// Finds the flag for an argument with the prefix `rp_`, which is almost certainly meant for the worker. A prefix of
/// the name (which Python's argparse completes), a suffix, or several wrong letters are enough.
fn meant_with_prefix(rest: &str) -> Option<Flag> {
    let part = |flag: Flag| {
        // No flag for HTTP has the prefix.
        !matches!(flag, Flag::ServeHttp | Flag::HttpPort)
            && rest.len() >= 3
            && (core(flag).starts_with(rest) || core(flag).ends_with(rest))
    };
    only(part).or_else(|| nearest(rest, 3))
}

/// Finds the flag for an argument without `rp_`. Only a typing error in a flag's name or an abbreviated `--test-…`
/// counts, because no other program is likely to have flags with those names.
fn meant_without_prefix(plain: &str) -> Option<Flag> {
    let test_flag = |flag: Flag| {
        plain.len() > "test-".len() && plain.starts_with("test-") && core(flag).starts_with(plain)
    };
    only(test_flag).or_else(|| nearest(plain, if plain.len() <= 8 { 1 } else { 2 }))
}

/// Returns the flag whose name differs by at most this number of wrong, missing, extra or swapped letters, if there
/// is only one.
fn nearest(plain: &str, limit: usize) -> Option<Flag> {
    // `--scheme` and `--schemas` are plausible flags of a program.
    let distance = |flag: Flag| match flag {
        Flag::Schema => usize::MAX,
        flag => strsim::osa_distance(core(flag), plain),
    };
    let least = Flag::ALL.into_iter().map(distance).min()?;
    // Three edits turn a short word into any other short word.
    if least > limit || least * 3 > plain.len() {
        return None;
    }
    only(|flag| distance(flag) == least)
}

/// Returns the flag for which `holds` is true, if there is exactly one.
fn only(holds: impl Fn(Flag) -> bool) -> Option<Flag> {
    let mut matching = Flag::ALL.into_iter().filter(|flag| holds(*flag));
    matching.next().filter(|_| matching.next().is_none())
}

/// Returns the name without leading dashes.
fn core(flag: Flag) -> &'static str {
    flag.kebab_name().trim_start_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_that_is_nearly_right_gets_the_right_spelling() {
        for (given, meant) in [
            ("--rp_server_api", "--rp_serve_api"),
            ("--rp_sevre_api=1", "--rp_serve_api"),
            ("--rp_log_levl", "--rp_log_level"),
            ("--rp_loglevel", "--rp_log_level"),
            ("--RP_LOG_LEVEL", "--rp_log_level"),
            ("--rp-log-level", "--rp_log_level"),
            ("--log_level", "--rp_log_level"),
            ("--rp_debug", "--rp_debugger"),
            ("--rp_port", "--rp_api_port"),
            ("--rp_test_input", "--test_input"),
            ("--test_imput", "--test_input"),
            ("--test_in", "--test_input"),
            ("--test-ouput={}", "--test-output"),
            ("--Test_Input", "--test_input"),
            ("-test_input", "--test_input"),
            ("-rp_log_level", "--rp_log_level"),
            ("--log-levle", "--log-level"),
            ("--serve_api", "--rp_serve_api"),
            ("--api-hots", "--api-host"),
            ("--rp_schema", "--schema"),
            ("-schema", "--schema"),
        ] {
            assert_eq!(nearly_right(given), Some(meant), "{given}");
        }
    }

    #[test]
    fn flags_that_a_program_may_have_itself_are_left_in_peace() {
        for given in [
            "--port",
            "--host",
            "--debug",
            "--log",
            "--level",
            "--log-file",
            "--log-format",
            "--concurrency",
            "--test",
            "--tests",
            "--input",
            "--output",
            "--api-key",
            "--api",
            "--serve",
            "--model",
            "--scheme",
            "--schemas",
            "--schema-file",
            "--help-all",
            "--rp_model",
            "--rp_api",
            "--rp",
            "-t",
            "-p",
            "-v",
            "--",
            "-",
            "",
            "serve_api",
            "test_input",
            "{\"input\": 1}",
            "---test_input",
        ] {
            assert_eq!(nearly_right(given), None, "{given}");
        }
    }
}
