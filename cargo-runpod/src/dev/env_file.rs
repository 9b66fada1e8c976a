//! The file of `--env-file`: variables for the worker, as `NAME=value` lines.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;

use super::extras::in_its_folder;
use super::say;

/// Variables for the worker, in the order of the file.
pub(super) type Variables = Vec<(String, String)>;

#[derive(Debug, Clone, Default, Args)]
pub(super) struct EnvFile {
    /// Read variables for the worker from this file, such as .env; a change restarts the worker
    #[arg(long = "env-file", value_name = "FILE")]
    path: Option<PathBuf>,
}

/// The file with its newest valid variables.
#[derive(Debug)]
pub(super) struct Environment {
    file: EnvFile,
    pub(super) variables: Arc<Variables>,
}

impl Environment {
    pub(super) fn read(file: &EnvFile) -> Result<Self, String> {
        Ok(Self {
            variables: Arc::new(file.read()?),
            file: file.clone(),
        })
    }

    /// Reads the file again if it is among these changed files. Returns whether the workers must be replaced because of
    /// these files.
    pub(super) fn changed(&mut self, files: &[PathBuf]) -> bool {
        let path = self.file.path().map(in_its_folder);
        if !path.is_some_and(|path| files.contains(&path)) {
            return !files.is_empty();
        }
        match self.file.read() {
            Ok(variables) => {
                let is_new = *self.variables != variables;
                self.variables = Arc::new(variables);
                is_new || files.len() > 1
            }
            Err(fault) => {
                say::fault(&format!(
                    "{fault}; the workers keep their variables. Waiting for an edit"
                ));
                files.len() > 1
            }
        }
    }
}

impl EnvFile {
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Reads the file. Without a file, there are no variables. An error names the file and the line, but not the
    /// line's content, which may be a key.
    fn read(&self) -> Result<Variables, String> {
        let Some(path) = &self.path else {
            return Ok(Variables::new());
        };
        let text = fs::read_to_string(path).map_err(|error| {
            let file = path.display();
            match error.kind() {
                io::ErrorKind::NotFound => {
                    format!("--env-file: {file} does not exist; create it, or pass the path of another file")
                }
                io::ErrorKind::InvalidData => format!("--env-file: {file} is not UTF-8 text"),
                _ => format!("--env-file: cannot read {file}: {error}"),
            }
        })?;
        parse(&text).map_err(|line| {
            format!(
                "--env-file: {}:{line}: expected NAME=value; put a value with spaces or `#` into quotes, and close them",
                path.display()
            )
        })
    }
}

/// Parses the text of a file. An error is the number of the line.
fn parse(text: &str) -> Result<Variables, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = AtomicUsize::new(0);
    let lines = ByLine {
        rest: text.as_bytes(),
        read: &read,
    };
    let mut variables = Variables::new();
    for variable in dotenvy::from_read_iter(lines) {
        let line = read.load(Ordering::Relaxed);
        let (name, value) = variable.map_err(|_| line)?;
        // The system cannot pass on a NUL byte.
        if value.contains('\0') {
            return Err(line);
        }
        // As in a shell, the last value counts.
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
    }
    Ok(variables)
}

/// Gives one line to each call of `read`, so that the number of calls is the number of the line that is being parsed.
/// The errors of dotenvy contain the text of the line and not its number.
struct ByLine<'a> {
    rest: &'a [u8],
    read: &'a AtomicUsize,
}

impl Read for ByLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let end = end.map_or(self.rest.len(), |end| end + 1);
        let length = end.min(buffer.len());
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest = &self.rest[length..];
        // A long line takes several calls.
        if length == end && length > 0 {
            self.read.fetch_add(1, Ordering::Relaxed);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        let variables = parse(text).expect("a valid file");
        let shown = |(name, value)| format!("{name}={value}");
        variables.into_iter().map(shown).collect()
    }

    #[test]
    fn values_may_be_quoted_have_comments_and_span_lines() {
        let text = "\u{feff}# a comment\n\nA=1\nexport B='two words' # why\nC=\"x\\ny\nz\"\nD=${A}2\nE=\nA=last\n";
        assert_eq!(
            parsed(text),
            ["B=two words", "C=x\ny\nz", "D=12", "E=", "A=last"]
        );
    }

    #[test]
    fn the_line_of_a_fault_is_found_whatever_is_before_it() {
        let long = format!("A={}\n", "x".repeat(100_000));
        for (before, line) in [
            ("", 1),
            ("# a\n\nA=1\n", 4),
            ("A='1\n2'\n", 3),
            (long.as_str(), 2),
        ] {
            for fault in ["no equals sign\n", "B=two words\n", "1B=1\n", "B=a\0b\n"] {
                assert_eq!(
                    parse(&format!("{before}{fault}C=1\n")),
                    Err(line),
                    "{fault}"
                );
            }
        }
        assert_eq!(parse("A=1\nB='never closed\nC=1\n"), Err(3));
    }
}
