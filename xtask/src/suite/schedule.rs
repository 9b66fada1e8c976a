//! Runs the parts, several at a time. The output of each part goes into a file and is shown when the part has finished.

use std::collections::BTreeSet;
use std::fs::File;
use std::num::NonZero;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use super::part::{Ended, Load, Part, Running, with_low_priority};
use super::screen::Screen;
use crate::step::{self, Failure};

/// If no part has finished for this long, a line lists the running parts.
const SILENCE: Duration = Duration::from_secs(20);

/// Runs all parts to their end, even if some fail, so that one run shows every failure. The output of a part goes into
/// a file with its name in `logs`.
pub(crate) fn run(parts: Vec<Part>, logs: &Path, screen: &mut Screen) -> Vec<Ended> {
    // The number of parts that can run at a time is one more than the number of cores, because the programs under test
    // mostly wait.
    let slots = thread::available_parallelism().map_or(2, NonZero::get) + 1;
    let mut waiting = parts;
    let mut running: Vec<Running> = Vec::new();
    let mut ended = Vec::new();
    let mut names = BTreeSet::new();
    let (sender, receiver) = channel();
    screen.begin(waiting.len());
    loop {
        while running.len() < slots
            && let Some(index) = next(&waiting, &running)
        {
            let mut part = waiting.remove(index);
            if part.load == Load::CompilesApart {
                part.command = with_low_priority(&part.command);
            }
            let number = names.len();
            let log = logs.join(file_name(&part.name, &mut names));
            running.push(Running {
                number,
                name: part.name.clone(),
                since: Instant::now(),
                load: part.load,
            });
            let sender = sender.clone();
            thread::spawn(move || {
                // The receiver exists as long as any part runs.
                let _ = sender.send((number, to_its_end(part, &log)));
            });
        }
        if running.is_empty() {
            return ended;
        }
        match receiver.recv_timeout(SILENCE) {
            Ok((number, Done { part, log })) => {
                running.retain(|running| running.number != number);
                screen.ended(&part, &log);
                ended.push(part);
            }
            Err(RecvTimeoutError::Timeout) => screen.waits(&running),
            Err(RecvTimeoutError::Disconnected) => return ended,
        }
    }
}

/// Returns the index of the first part that may run in parallel with the others. Parts that compile start first,
/// because together they take longest. At most one of each kind runs at a time, because a compiler uses all cores.
fn next(waiting: &[Part], running: &[Running]) -> Option<usize> {
    let is_running = |load: Load| running.iter().any(|part| part.load == load);
    let of = |load: Load| waiting.iter().position(|part| part.load == load);
    [Load::Compiles, Load::CompilesApart]
        .into_iter()
        .filter(|load| !is_running(*load))
        .find_map(of)
        .or_else(|| of(Load::Waits))
}

struct Done {
    part: Ended,
    log: String,
}

fn to_its_end(mut part: Part, log: &Path) -> Done {
    let begun = Instant::now();
    match ended(&mut part, begun, log) {
        Ok(done) => done,
        Err(why) => Done {
            part: Ended::not_run(&part.name, &part.again, begun.elapsed(), &why),
            log: why.to_string(),
        },
    }
}

fn ended(part: &mut Part, begun: Instant, log: &Path) -> Result<Done, Failure> {
    let lost = |error: io::Error| Failure::new(format!("cannot write {}: {error}", log.display()));
    let file = File::create(log).map_err(lost)?;
    let beside = file.try_clone().map_err(lost)?;
    let child = part
        .command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(beside)
        .spawn();
    let status = child
        .map_err(|error| step::not_started(&part.command, &error))?
        .wait()
        .map_err(lost)?;
    // The file is read as bytes, because a test may print text that is not UTF-8.
    let written = fs::read(log).map_err(lost)?;
    let written = String::from_utf8_lossy(&written).into_owned();
    let bad_status = (!status.success()).then(|| status.to_string());
    Ok(Done {
        part: Ended::read(part, begun.elapsed(), bad_status, &written),
        log: written,
    })
}

/// Makes a unique file name from a part's name.
fn file_name(part: &str, others: &mut BTreeSet<String>) -> String {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() {
            character
        } else {
            '-'
        }
    };
    let plain: String = part.chars().map(plain).collect();
    let mut name = format!("{plain}.log");
    let mut number = 1;
    while !others.insert(name.clone()) {
        number += 1;
        name = format!("{plain}-{number}.log");
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;
    use std::slice;
    use std::time::Instant;

    use super::{Running, file_name, next, run, with_low_priority};
    use crate::suite::part::{Load, Part};
    use crate::suite::screen::Screen;
    use crate::workspace::Workspace;

    fn part(name: &str, load: Load) -> Part {
        Part::tests(name, Command::new("true"), name, load)
    }

    fn running(load: Load) -> Running {
        Running {
            number: 0,
            name: String::new(),
            since: Instant::now(),
            load,
        }
    }

    #[test]
    fn every_part_runs_to_its_end_whatever_happens_to_the_others() {
        let shell = |name: &str, script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            Part::tests(name, command, name, Load::Waits)
        };
        let parts = vec![
            shell("well", "echo '3 passed, 0 failed'"),
            shell(
                "failed",
                "echo 'test one ... FAILED'; echo '1 passed, 1 failed'; exit 1",
            ),
            shell("killed", "echo '5 passed, 0 failed'; kill -KILL $$"),
            shell("silent", "true"),
            part("compiles", Load::Compiles),
            Part::tests(
                "missing",
                Command::new("/nowhere/at/all"),
                "again",
                Load::Waits,
            ),
            // Has the same name as another part.
            shell("well", "echo '4 passed, 0 failed'"),
        ];
        let logs = Workspace::here().fresh_folder("xtask-tests/logs");
        let logs = logs.expect("a folder");
        let mut ended = run(parts, &logs, &mut Screen::new());
        ended.sort_by_key(|part| (part.name.clone(), part.tally.passed));
        let seen: Vec<_> = ended
            .iter()
            .map(|part| (part.name.as_str(), part.is_well(), part.tally.passed))
            .collect();
        assert_eq!(
            seen,
            [
                ("compiles", false, 0),
                ("failed", false, 1),
                ("killed", false, 5),
                ("missing", false, 0),
                ("silent", false, 0),
                ("well", true, 3),
                ("well", true, 4),
            ]
        );
        assert_eq!(ended[1].failed, ["one"]);
        let fault = ended[3].fault.as_deref().expect("a reason for the failure");
        assert!(
            fault.starts_with("cannot start `/nowhere/at/all`"),
            "{fault}"
        );
        assert_eq!(ended[3].again, "again");
        for log in ["killed", "well", "well-2"] {
            assert!(logs.join(log).with_extension("log").is_file());
        }
    }

    #[test]
    fn one_part_that_compiles_runs_at_a_time_in_each_target_folder() {
        let waiting = [
            part("page", Load::Waits),
            part("ui", Load::CompilesApart),
            part("dev", Load::Compiles),
            part("new", Load::Compiles),
        ];
        let [shared, apart] = [Load::Compiles, Load::CompilesApart].map(running);
        assert_eq!(next(&waiting, &[]), Some(2));
        assert_eq!(next(&waiting, &[running(Load::Waits)]), Some(2));
        assert_eq!(next(&waiting, slice::from_ref(&apart)), Some(2));
        assert_eq!(next(&waiting, slice::from_ref(&shared)), Some(1));
        let both = [shared, apart];
        assert_eq!(next(&waiting, &both), Some(0));
        assert_eq!(next(&waiting[1..], &both), None);
    }

    #[test]
    fn a_low_priority_changes_nothing_else_of_a_command() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "nice; pwd; echo \"$GIVEN$HOME\""])
            .current_dir("/")
            .env("GIVEN", "given")
            .env_remove("HOME");
        let output = with_low_priority(&command).output().expect("it starts");
        let plain = Command::new("nice").output().expect("it starts");
        let [lowered, plain] = [output, plain].map(|it| String::from_utf8(it.stdout).unwrap());
        let (niceness, rest) = lowered.split_once('\n').expect("several lines");
        let number = |text: &str| text.trim().parse::<i32>().expect("a number");
        // The default of `nice`, and the lowest priority.
        assert_eq!(number(niceness), (number(&plain) + 10).min(19));
        assert_eq!(rest, "/\ngiven\n");
    }

    #[test]
    fn a_log_has_a_plain_name_and_no_other_part_has_it() {
        let mut others = BTreeSet::new();
        let mut name = |part| file_name(part, &mut others);
        assert_eq!(name("runpod-runtime, unit"), "runpod-runtime--unit.log");
        assert_eq!(name("runpod-runtime; unit"), "runpod-runtime--unit-2.log");
    }
}
