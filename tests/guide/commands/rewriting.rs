//! Rewrites the line that a reader types into the line that the test runs, which uses the built examples and a free
//! port.

use std::env;
use std::path::PathBuf;

use super::claims::Claim;

/// The values that replace those of the page.
#[derive(Debug, Default)]
pub(super) struct Situation {
    /// The port of the endpoint that is being served.
    pub(super) port: u16,
    /// The id of the last submitted job.
    pub(super) id: String,
}

/// Returns the line for a shell.
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

/// Removes a comment. `#` starts a comment if it starts a word outside quotes.
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

/// Returns the path of a built program. This test is in the subfolder `deps` of cargo's output folder.
fn built(path: &[&str]) -> PathBuf {
    let this = env::current_exe().expect("the test knows its own path");
    let folder = this
        .ancestors()
        .nth(2)
        .expect("the test is in target/<profile>/deps");
    let mut file = folder.to_path_buf();
    file.extend(path);
    file.set_extension(env::consts::EXE_EXTENSION);
    assert!(
        file.is_file(),
        "{} does not exist. `cargo test --workspace` builds it, but `cargo test --test guide` does not: run `cargo build \
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
