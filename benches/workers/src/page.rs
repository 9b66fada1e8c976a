//! Writes the table into `docs/explanation/performance.md`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::SystemTime;

use crate::Outcome;
use crate::arguments::Arguments;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/explanation/performance.md"
);
const BEGIN: &str = "<!-- The table of `cargo xtask bench` begins here. -->\n";
const END: &str = "<!-- The table of `cargo xtask bench` ends here. -->\n";

/// Returns a sentence about the machine and the settings of this run.
pub(crate) fn conditions(arguments: &Arguments) -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let date = now.split('T').next().unwrap_or_default();
    let cores = available_parallelism().map_or(1, usize::from);
    let rounds = arguments.rounds;
    let window = arguments.window.as_secs_f64();
    let urgent = if arguments.is_urgent {
        " The benchmark ran at a high priority."
    } else {
        ""
    };
    format!(
        "Measured on {date}: {}, {cores} cores, load average {} before the run, {}. Rounds: {rounds}. Each rate is measured \
         for {window} s.{urgent}\n",
        processor().unwrap_or_else(|| "unknown processor".to_owned()),
        load().unwrap_or_else(|| "unknown".to_owned()),
        compiler().unwrap_or_else(|| "unknown compiler".to_owned()),
    )
}

/// Replaces the text between the two markers of the page.
pub(crate) fn write(text: &str) -> Outcome<()> {
    let page = fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or_else(|| {
        format!(
            "{PAGE} must contain the line `{}` and, below it, the line `{}`",
            BEGIN.trim(),
            END.trim()
        )
    })?;
    fs::write(PAGE, format!("{before}{BEGIN}\n{text}\n{END}{after}"))?;
    println!(
        "The table was written to {}.",
        Path::new(PAGE).canonicalize()?.display()
    );
    Ok(())
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Returns the average number of threads that ran or were ready to run in the last minute.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    Some(text.split(' ').next()?.to_owned())
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().take(2).collect::<Vec<_>>();
    Some(version.join(" "))
}
