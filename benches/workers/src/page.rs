//! The place of the table in `docs/explanation/performance.md`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::SystemTime;

use crate::Outcome;
use crate::arguments::Arguments;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/explanation/performance.md");
const BEGIN: &str = "<!-- The table of `cargo xtask bench` begins here. -->\n";
const END: &str = "<!-- The table of `cargo xtask bench` ends here. -->\n";

/// On which machine and how a run was made.
pub(crate) fn conditions(arguments: &Arguments) -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let date = now.split('T').next().unwrap_or_default();
    let cores = available_parallelism().map_or(1, usize::from);
    let rounds = arguments.rounds;
    let window = arguments.window;
    let urgent = if arguments.is_urgent {
        ", at a high priority"
    } else {
        ""
    };
    format!(
        "{date}, {}, {cores} cores, load {} before the run, {}; rounds: {rounds}; rates over {window:?}{urgent}.\n",
        processor().unwrap_or_else(|| "a processor without a name".to_owned()),
        load().unwrap_or_else(|| "unknown".to_owned()),
        compiler().unwrap_or_else(|| "an unknown compiler".to_owned()),
    )
}

/// Puts it between the marks of the page.
pub(crate) fn write(text: &str) -> Outcome<()> {
    let page = fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or_else(|| {
        format!(
            "{PAGE} has no lines `{}` and `{}`",
            BEGIN.trim(),
            END.trim()
        )
    })?;
    fs::write(PAGE, format!("{before}{BEGIN}\n{text}\n{END}{after}"))?;
    println!(
        "Written into {}.",
        Path::new(PAGE).canonicalize()?.display()
    );
    Ok(())
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The average number of threads that run or want to run, over a minute.
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
