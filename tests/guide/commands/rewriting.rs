//! From the line that a reader types to the one that is run here: the examples are built already, and the port is a free
//! one.

use std::env;
use std::path::PathBuf;

use super::claims::Claim;

/// What a line is run with.
#[derive(Debug, Default)]
pub(super) struct Situation {
    /// That of the endpoint which is served.
    pub(super) port: u16,
    /// That of the job which was submitted last.
    pub(super) id: String,
}

/// The line for a shell.
pub(super) fn rewritten(claim: &Claim, situation: &Situation) -> String {
    let mut line = without_comment(claim.line).to_owned();
    if let Some((before, after)) = line.split_once("cargo run ") {
        let (which, arguments) = after.split_once("-- ").unwrap_or((after, ""));
        let mut words = which.split_whitespace();
        let example = words
            .find(|word| *word == "--example")
            .and_then(|_| words.next())
            .unwrap_or(claim.worker);
        line = format!(
            "{before}'{}' {arguments}",
            built(&["examples", example]).display()
        );
    }
    if line.contains("cargo runpod ") {
        let program = built(&["cargo-runpod"]);
        line = line.replace("cargo runpod ", &format!("'{}' runpod ", program.display()));
    }
    for port in ["8000", "9000"] {
        line = line.replace(port, &situation.port.to_string());
    }
    line = line.replace("/ID", &format!("/{}", situation.id));
    let also = claim.also.replace("{port}", &situation.port.to_string());
    format!("{line} {also}").trim().to_owned()
}

/// `#` begins a comment where a word could begin, outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, char) in line.char_indices() {
        match quote {
            Some(open) if char == open => quote = None,
            None if char == '\'' || char == '"' => quote = Some(char),
            None if char == '#' && before == ' ' => return line[..at].trim_end(),
            Some(_) | None => {}
        }
        before = char;
    }
    line.trim_end()
}

/// A program in the folder that cargo builds into: this test lies in its folder `deps`.
fn built(path: &[&str]) -> PathBuf {
    let this = env::current_exe().expect("a running test knows its own file");
    let folder = this
        .ancestors()
        .nth(2)
        .expect("a test lies in target/<profile>/deps");
    let mut file = folder.to_path_buf();
    file.extend(path);
    file.set_extension(env::consts::EXE_EXTENSION);
    assert!(
        file.is_file(),
        "{} is not there. `cargo test --workspace` builds it, `cargo test --test guide` does not: run `cargo build \
         --workspace --examples --bins`.",
        file.display()
    );
    file
}

#[test]
fn comments_are_left_out_and_quotes_are_kept() {
    assert_eq!(without_comment("curl x   # why"), "curl x");
    assert_eq!(
        without_comment("a '{\"b\": \" # \"}'"),
        "a '{\"b\": \" # \"}'"
    );
    assert_eq!(without_comment("a#b"), "a#b");
}

#[test]
fn a_line_gets_its_program_its_port_and_its_job() {
    let situation = Situation {
        port: 41000,
        id: "job-1".to_owned(),
    };
    let line = |line| rewritten(&super::claims::ends(line, &[]), &situation);
    assert_eq!(
        line("curl http://127.0.0.1:8000/stream/ID  # it"),
        "curl http://127.0.0.1:41000/stream/job-1"
    );
    let run = line("A=b cargo run --example hello -- --test_input '{}'");
    assert!(run.starts_with("A=b '"), "{run}");
    assert!(run.ends_with("hello' --test_input '{}'"), "{run}");
}
