//! Parses the lines of a worker's log in the format for people: `INFO   | job | message`.

/// The width of the first column.
const LEVEL: usize = 7;

/// A worker's log, read line by line.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The job and level of the last event. Continuation lines belong to this event.
    event: Option<(String, &'static str)>,
}

/// One log line of a job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JobLine<'a> {
    pub(super) job: String,
    pub(super) level: &'static str,
    pub(super) text: &'a str,
}

impl Log {
    /// Reads one line. Returns `None` if the line does not belong to a job.
    pub(super) fn read<'a>(&mut self, line: &'a str) -> Option<JobLine<'a>> {
        let Some((level, rest)) = columns(line) else {
            // The handler may print such a line at any time.
            self.event = None;
            return None;
        };
        let text = match level {
            Column::Level(level) => {
                let (job, text) = match rest.split_once(" | ") {
                    Some((job, text)) if !job.contains(' ') => (job, text),
                    _ => {
                        self.event = None;
                        return None;
                    }
                };
                self.event = Some((job.to_owned(), level));
                text
            }
            Column::Continued => rest,
        };
        let (job, level) = self.event.clone()?;
        Some(JobLine { job, level, text })
    }
}

/// Returns the level at the start of the line, and the colour code that a worker uses for it in a terminal.
pub(super) fn level_of(line: &str) -> Option<(&'static str, u8)> {
    match columns(line)?.0 {
        Column::Level(level) => Some((
            level,
            match level {
                "ERROR" => 31,
                "WARN" => 33,
                "INFO" => 32,
                "DEBUG" => 34,
                _ => 2,
            },
        )),
        Column::Continued => None,
    }
}

enum Column {
    Level(&'static str),
    /// The line continues the message before it.
    Continued,
}

fn columns(line: &str) -> Option<(Column, &str)> {
    let (first, rest) = line.split_at_checked(LEVEL)?;
    let rest = rest.strip_prefix("| ").or_else(|| rest.strip_prefix('|'))?;
    let name = first.trim_end();
    if name.is_empty() {
        return Some((Column::Continued, rest));
    }
    let level = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]
        .into_iter()
        .find(|level| *level == name)?;
    Some((Column::Level(level), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<String> {
        let mut log = Log::default();
        lines
            .iter()
            .map(|line| {
                log.read(line).map_or_else(
                    || "-".to_owned(),
                    |line| format!("{} {} {}", line.job, line.level, line.text),
                )
            })
            .collect()
    }

    #[test]
    fn the_lines_of_jobs_are_told_from_all_others() {
        let told = read(&[
            "INFO   | j-1 | Started.",
            "WARN   | j-2 | a | b",
            "INFO   | No job here.",
            "INFO   | a message | with a bar",
            "NOTICE | j-1 | no level",
            "printed by a handler",
            "",
            "ä      | j-1 | x",
        ]);
        let expected = ["j-1 INFO Started.", "j-2 WARN a | b"];
        assert_eq!(told[..2], expected);
        assert!(told[2..].iter().all(|line| line == "-"), "{told:?}");
    }

    #[test]
    fn further_lines_of_a_message_are_its_jobs() {
        let told = read(&[
            "       | nobody's",
            "ERROR  | j-1 | first",
            "       | second",
            "       | ",
            "INFO   | of no job",
            "       | nor this",
        ]);
        let expected = [
            "-",
            "j-1 ERROR first",
            "j-1 ERROR second",
            "j-1 ERROR ",
            "-",
            "-",
        ];
        assert_eq!(told, expected);
    }
}
