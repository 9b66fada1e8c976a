//! The project's own commands, run as `cargo xtask <command>`. The crate has no dependencies, so it builds in a few
//! seconds.

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
mod features;
mod fuzz;
mod licence;
mod models;
mod node;
mod packages;
mod page;
mod pictures;
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
mod wheel;
mod workspace;

use std::process::ExitCode;

use step::Failure;
use suite::Extent::{Long, Short};
use tools::Tools;
use workspace::Workspace;

const USAGE: &str = "\
cargo xtask <command>

  setup            Install what the tests need: the official Python SDK (in target/sdk-venv), npm packages (in the
                   node_modules folder of each suite), and packages with weights of models (in target/weights). If they
                   are missing, also install Node.js, Chromium, valgrind, a C++ compiler, docker-registry, skopeo and
                   umoci. Only root can install all of these except Node.js, from
                   Debian's packages.
  test [--long]    Run setup, then every test: the tests and doctests of the workspace, the downstream crates, the
                   official clients, the API description, and the page in a browser. The run also counts the
                   instructions per job (with valgrind), and includes a soak test of one minute and short fuzzing.
                   --long runs the slow parts in full: the soak test, fuzzing, a hundred kills, each client with each
                   kind of worker, and the templates with cargo-generate (installed in target/tools). It also builds
                   and installs the Python wheel.
  test ARGS...     Run only `cargo test --workspace --all-features ARGS...`.
  check [--long]   Check formatting, clippy and rustdoc with warnings as errors, module cycles, dependencies, the guide
                   and the English. --long runs cargo-deny (installed in target/tools) and clippy for the benchmark, too, and
                   compiles the library with each of its features alone.
  ci [--long]      Run test and check, as .ci/run does.

Single parts of these commands:

  clients [--long] [python] [javascript] [rust] [openapi]
                   Test the local endpoint with the official clients, and its API against its description.
  page             Test the local endpoint's page in a browser.
  downstream       Build and run crates outside the workspace that depend on it.
  models [ARGS...] Test the examples with real weights: `cargo test ARGS...` in examples/models, with clippy.
  dependencies [--long]
                   Check licences, sources and banned packages. --long installs cargo-deny and runs it.
  packages [--long]
                   Check that the packages are ready to publish: complete metadata, and only the files that users need.
                   --long also builds each package from its packed files (cargo publish --dry-run).
  wheel            Build the Python wheel that carries cargo-runpod (maturin, installed in target/tools), install it into
                   a new virtual environment, and run it. A release build takes minutes.
  docs             Lint the English of pages, comments and messages (proselint, with patterns from
                   tests/prose/style.py), and build the guide as a book in target/book (mdBook; the first run takes
                   minutes to install it).
  circles          Find module cycles: files of a crate that use each other's items.
  features         Check that the library compiles with each of its features alone.
  soak [--minutes N]
                   Run workers at full load with faults for N minutes (30 by default). Fail if memory or descriptors
                   grow.
  fuzz [--seconds N] [--merge] [TARGET...]
                   Fuzz the parsers of untrusted input, N seconds per target (60 by default). Needs a C++ compiler.
                   --merge fuzzes nothing, but adds the inputs that earlier runs found to fuzz/corpus.

Measurements:

  bench [CELL...] [--only WORKER,...] [--rounds N]
                   Measure our worker, the Python SDK, the crate runpod-sdk and two bare loops against the same endpoint, for
                   the table in docs/explanation/performance.md (about 15 minutes). `cargo xtask bench --list` prints the
                   names of cells and workers.
  bench http [--rounds N] [--window SECONDS]
                   Measure our worker's HTTP mode and a bare axum server with the same requests (one minute).
  bench transfers [--rounds N] [--folder PATH] [download | upload] [large | medium | small]
                   Measure our downloads and uploads, curl's and the Python SDK's with the same files (some minutes). The
                   first run installs a release build of the S3 server.
  compile-cost [--rounds N]
                   Build a worker and a comparable one on lambda_runtime from scratch, and compare the build costs
                   (minutes per round).
  compile-cost features [--rounds N | --without-times]
                   Measure what each feature adds to a worker. With --without-times, count only crates and bytes.

Pictures:

  pictures         Make the pictures in docs/images: a recording of a terminal with cargo runpod new, dev and invoke
                   (asciinema, svg-term-cli and tmux), and a screenshot of the local endpoint's page.
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
            println!("Python for the tests: {}", tools.python.display());
            let weights = models::weights(&workspace, &tools.python)?;
            println!("Packages with weights: {}", weights.display());
            let chromium = tools.chromium.map(drop);
            let valgrind = tools.valgrind.map(drop);
            let missing = [
                chromium,
                tools.node,
                valgrind,
                tools.s3.map(drop),
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
        ["pictures", words @ ..] => {
            pictures::run(&workspace, &suite::programs(&workspace, words)?)?;
        }
        ["downstream"] => downstream::run(&workspace)?,
        ["models", arguments @ ..] => models::run(&workspace, arguments)?,
        ["dependencies"] => dependencies::check(&workspace, Short)?,
        ["dependencies", "--long"] => dependencies::check(&workspace, Long)?,
        ["packages"] => packages::check(&workspace, Short)?,
        ["packages", "--long"] => packages::check(&workspace, Long)?,
        ["wheel"] => wheel::check(&workspace)?,
        ["docs"] => docs::check(&workspace)?,
        ["circles"] => circles::check(&workspace)?,
        ["features"] => features::check(&workspace)?,
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
