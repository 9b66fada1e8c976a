//! The project's own commands, run as `cargo xtask <command>`. Plain `std`, so that they start in a second.

mod check;
mod compile_cost;
mod downstream;
mod python;
mod step;
mod suite;
mod tally;
mod workspace;

use std::process::ExitCode;

use step::Failure;
use workspace::Workspace;

const USAGE: &str = "\
cargo xtask <command>

  setup            install what the tests need: the official Python SDK, in target/sdk-venv
  test [ARGS...]   setup, then every test: the workspace's, its documentation's and the downstream crates'
                   (with ARGS: only `cargo test --workspace ARGS...`)
  check            formatting, clippy, rustdoc and cargo-deny, all with warnings as errors
  ci               check, then test: what .ci/run calls
  compile-cost [--rounds N]
                   build a worker and the like of it on lambda_runtime from nothing, and compare (some minutes a round)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let workspace = Workspace::here();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["setup"] => {
            let python = python::with_the_sdk(&workspace)?;
            println!("The Python that the tests use: {}", python.display());
            Ok(())
        }
        ["test"] => {
            let closing = suite::everything(&workspace)?;
            println!("\n{closing}");
            Ok(())
        }
        ["test", arguments @ ..] => suite::part(&workspace, arguments),
        ["check"] => {
            let closing = check::everything(&workspace)?;
            println!("\n{closing}");
            Ok(())
        }
        ["ci"] => {
            let checks = check::everything(&workspace)?;
            let tests = suite::everything(&workspace)?;
            println!("\n{checks}\n{tests}");
            Ok(())
        }
        ["compile-cost", arguments @ ..] => compile_cost::run(&workspace, arguments),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        [unknown, ..] => Err(Failure::new(format!(
            "there is no command `{unknown}`.\n\n{USAGE}"
        ))),
    }
}
