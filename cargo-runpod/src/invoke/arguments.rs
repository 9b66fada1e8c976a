//! What can be given to `cargo runpod invoke`.

use std::path::PathBuf;

use clap::Args;

/// Send a job to an endpoint, and show what it does
///
/// The job goes to the endpoint on this machine (`cargo runpod dev`), or with --endpoint to one on Runpod. What it streams
/// is printed as it arrives, then its output; progress is shown beside it.
#[derive(Debug, Args)]
#[command(after_help = CODES, after_long_help = MORE)]
pub(crate) struct Arguments {
    /// The job's input as JSON, such as '{"name": "Ada"}'; - reads it from stdin
    #[arg(
        value_name = "JSON",
        allow_negative_numbers = true,
        conflicts_with = "file"
    )]
    pub(super) input: Option<String>,

    /// Read the input from a file
    #[arg(short, long, value_name = "PATH")]
    pub(super) file: Option<PathBuf>,

    #[arg(
        short,
        long,
        value_name = "ID",
        help = "A deployed endpoint, by its id; the key is read from RUNPOD_API_KEY"
    )]
    pub(super) endpoint: Option<String>,

    #[arg(long, value_name = "URL", conflicts_with = "endpoint", help = AT)]
    pub(super) url: Option<String>,

    #[arg(
        long,
        conflicts_with_all = ["endpoint", "url"],
        value_parser = clap::value_parser!(u16).range(1..),
        help = PORT
    )]
    pub(super) port: Option<u16>,

    /// Print texts that are streamed without a newline after each, as the tokens of a language model
    #[arg(long, conflicts_with = "json")]
    pub(super) raw: bool,

    /// Print one JSON document at the end, whatever became of the job, and nothing else
    #[arg(long)]
    pub(super) json: bool,

    /// Tell the job's states and its progress in lines on stderr
    #[arg(short, long)]
    pub(super) verbose: bool,

    /// How long to try again while the endpoint cannot be reached or is at fault [default: 10 on this machine, else 60]
    #[arg(long, value_name = "SECONDS")]
    pub(super) retry_for: Option<u32>,
}

const AT: &str = "The address of the endpoint";

const PORT: &str = "The port of an endpoint on this machine [default: that of `cargo runpod dev` in this project, else 8000]";

const CODES: &str = "\
Exit codes: 0 COMPLETED, 1 FAILED, 2 wrong usage, 3 CANCELLED, 4 TIMED_OUT, 5 no answer from the endpoint, or a refusal; \
130 after Ctrl-C, 143 after SIGTERM, 141 where nobody reads the output any more";

const MORE: &str = "\
Input:
  an argument, --file, or stdin; with none of them test_input.json of this folder. An object that has `input`, and beside
  it nothing but `id`, `webhook`, `policy` and `s3Config`, is a whole request; anything else is the job's input.

Environment:
  RUNPOD_API_KEY            the key for --endpoint
  RUNPOD_LOCAL_API_KEY      the key for an endpoint on this machine, or at --url, where it demands one
  RUNPOD_ENDPOINT_BASE_URL  where endpoints are, as for Runpod's Python client [default: https://api.runpod.ai/v2]; an
                            address on this machine is used without --endpoint too, for the endpoint `local` there

Exit codes:
  0    the job is COMPLETED
  1    it FAILED
  2    wrong usage: a flag, the input, a missing key
  3    it was CANCELLED, by somebody else
  4    it TIMED_OUT
  5    the endpoint could not be reached, or refused
  130  Ctrl-C: the job was cancelled (143 after SIGTERM); a second one ends at once
  141  nobody reads the output any more (`| head -1`): the job was cancelled";

impl Arguments {
    /// Whether the input is at hand, and not still to come on stdin.
    pub(super) fn has_input(&self) -> bool {
        self.file.is_some() || self.input.as_ref().is_some_and(|input| input != "-")
    }
}
