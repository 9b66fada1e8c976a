//! The command-line arguments of `cargo runpod job`.

use clap::{Args, Subcommand};

use crate::invoke::arguments::{Place, Printing};

/// Show, follow or cancel a job that was submitted before
///
/// Use this command for a job of `cargo runpod invoke --detach` or of another client. It asks the same endpoint as
/// `cargo runpod invoke` with the same flags.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the state of a job, and print its output if it has finished
    #[command(after_help = STATUS_CODES)]
    Status(Of),
    /// Print the stream of a job as it arrives, and its output at the end
    #[command(after_help = STREAM_CODES)]
    Stream(Of),
    /// Cancel a job
    #[command(after_help = CANCEL_CODES)]
    Cancel(Cancel),
}

#[derive(Debug, Args)]
pub(super) struct Of {
    /// The job's id, which `cargo runpod invoke --detach` prints
    #[arg(value_name = "JOB", value_parser = id)]
    pub(super) id: String,

    #[command(flatten)]
    pub(super) place: Place,

    #[command(flatten)]
    pub(super) printing: Printing,
}

#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// The job's id, which `cargo runpod invoke --detach` prints
    #[arg(value_name = "JOB", value_parser = id)]
    pub(super) id: String,

    #[command(flatten)]
    pub(super) place: Place,
}

const STATUS_CODES: &str = "\
Exit codes: 0 COMPLETED, 1 FAILED, 2 wrong usage, 3 CANCELLED, 4 TIMED_OUT, 5 no answer or a refusal from the endpoint, \
6 the job has not finished yet";

const STREAM_CODES: &str = "\
Exit codes: 0 COMPLETED, 1 FAILED, 2 wrong usage, 3 CANCELLED, 4 TIMED_OUT, 5 no answer or a refusal from the endpoint; \
130 after Ctrl-C, 143 after SIGTERM, 141 if nobody reads the output any more. The job continues in the last three cases";

const CANCEL_CODES: &str = "\
Exit codes: 0 the job was cancelled, or had already finished; 2 wrong usage; 5 no answer or a refusal from the endpoint";

fn id(text: &str) -> Result<String, String> {
    if crate::invoke::submit::is_plain(text) {
        Ok(text.to_owned())
    } else {
        Err("expected the id of a job: letters, digits, `-`, `_` and `.`".to_owned())
    }
}
