//! The project's own commands, run as `cargo xtask <command>`. Plain `std`, so that they start in a second.

mod bench;
mod cargo_tools;
mod check;
mod chromium;
mod circles;
mod clients;
mod compile_cost;
mod counted;
mod debian;
mod dependencies;
mod docs;
mod downstream;
mod fuzz;
mod licence;
mod node;
mod page;
mod programs;
mod python;
mod registry;
mod served;
mod soak;
mod step;
mod suite;
mod tally;
mod tools;
mod valgrind;
mod workspace;

use std::process::ExitCode;

use step::Failure;
use suite::Extent::{Long, Short};
use tools::Tools;
use workspace::Workspace;

const USAGE: &str = "\
cargo xtask <command>

  setup            install what the tests need: the official Python SDK and tools (in target/sdk-venv), npm packages (in
                   node_modules beside the suites), Chromium, valgrind, docker-registry, skopeo and umoci (from Debian's packages,
                   if there are none and we are root)
  test [--long]    setup, then every test, in parts that run side by side: the workspace's, its documentation's, the downstream
                   crates', the official clients', the API's description, the page in a browser, the instructions of a job
                   (counted by valgrind), a minute's soak and some fuzzing. --long runs in full what is slow by nature: the soak, fuzzing, a hundred kills, each client with
                   each kind of worker, the templates with cargo-generate (installed in target/tools)
  test ARGS...     only `cargo test --workspace --all-features ARGS...`
  check [--long]   formatting, clippy and rustdoc with warnings as errors, module circles, and the dependencies
  ci [--long]      test and check: what .ci/run calls

Parts of these, each alone:

  clients [--long] [python] [javascript] [rust] [openapi]
                   the official clients and the API's description
  page             the page in a browser
  downstream       crates outside the workspace, as a user's are
  dependencies [--long]
                   licences, sources and banned packages; --long with cargo-deny, which it installs
  docs             lint the English of pages, comments and messages (proselint, with the patterns of tests/prose/style.py);
                   build the guide as a book in target/book (mdBook, installed in target/tools: some minutes, once)
  circles          files of a crate that use each other's items: imports point one way
  soak [--minutes N]
                   workers under full load with faults for 30 minutes, or so many: fails when memory or descriptors grow
  fuzz [--seconds N] [TARGET...]
                   coverage-guided fuzzing of what comes from outside, a minute each, or so long (needs a C++ compiler);
                   with --merge, writes what was found into fuzz/corpus

Measurements:

  bench [CELL...] [--only WORKER,...] [--rounds N]
                   our worker, the SDK's, another one and bare loops at the same endpoint: the table of
                   docs/explanation/performance.md (some minutes); `cargo xtask bench --list` names cells and workers
  compile-cost [--rounds N]
                   build a worker and the like of it on lambda_runtime from nothing, and compare (some minutes a round)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_shown() {
                eprintln!("\nxtask: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let workspace = Workspace::here();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["setup"] => {
            let tools = Tools::installed(&workspace)?;
            println!("The Python that the tests use: {}", tools.python.display());
            let chromium = tools.chromium.map(drop);
            let valgrind = tools.valgrind.map(drop);
            let missing = [
                chromium,
                tools.node,
                valgrind,
                tools.registry,
                tools.compiler,
            ]
            .map(Result::err);
            for missing in missing.into_iter().flatten() {
                println!("{missing}");
            }
        }
        ["test"] => suite::everything(&workspace, Short, false)?,
        ["test", "--long"] => suite::everything(&workspace, Long, false)?,
        ["test", arguments @ ..] => suite::part(&workspace, arguments)?,
        ["check"] => suite::checks(&workspace, Short)?,
        ["check", "--long"] => suite::checks(&workspace, Long)?,
        ["ci"] => suite::everything(&workspace, Short, true)?,
        ["ci", "--long"] => suite::everything(&workspace, Long, true)?,
        ["clients", words @ ..] => {
            clients::run(&workspace, &suite::programs(&workspace, words)?, words)?;
        }
        ["page", words @ ..] => page::run(&workspace, &suite::programs(&workspace, words)?)?,
        ["downstream"] => downstream::run(&workspace)?,
        ["dependencies"] => dependencies::check(&workspace, Short)?,
        ["dependencies", "--long"] => dependencies::check(&workspace, Long)?,
        ["docs"] => docs::check(&workspace)?,
        ["circles"] => circles::check(&workspace)?,
        ["soak", arguments @ ..] => soak::run(&workspace, arguments)?,
        ["fuzz", arguments @ ..] => fuzz::run(&workspace, arguments)?,
        ["bench", arguments @ ..] => bench::run(&workspace, arguments)?,
        ["compile-cost", arguments @ ..] => compile_cost::run(&workspace, arguments)?,
        [] | ["help" | "--help" | "-h"] => print!("{USAGE}"),
        [unknown, ..] => {
            return Err(Failure::new(format!(
                "there is no command `{unknown}`.\n\n{USAGE}"
            )));
        }
    }
    Ok(())
}
