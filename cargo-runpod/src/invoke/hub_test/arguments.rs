//! The command-line arguments of `cargo runpod hub-test`.

use std::path::PathBuf;

use clap::Args;

use crate::selection::Selection;

/// Run the tests of `.runpod/tests.json` on this machine, as the Runpod Hub runs them on its own
///
/// The command builds the worker, starts it at a local endpoint with the variables of the file, and sends the input of
/// each test. A test passes if its job is COMPLETED within the test's timeout. The time that the worker needs to start
/// does not count.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 all tests passed, 1 a test failed or the worker does not run, 2 wrong usage"
)]
pub(crate) struct Arguments {
    /// Run only the tests whose names contain this text
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,

    /// Read the tests from this file [default: .runpod/tests.json of the package]
    #[arg(long, value_name = "PATH")]
    pub(super) file: Option<PathBuf>,

    /// Build the worker with optimizations
    #[arg(long, short)]
    pub(super) release: bool,

    /// Show the worker's log on stderr
    #[arg(long, short)]
    pub(super) verbose: bool,

    #[command(flatten)]
    pub(super) selection: Selection,
}
