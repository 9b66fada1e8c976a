//! The command-line arguments of `cargo runpod invoke`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Send a job to an endpoint and show its progress and output
///
/// The job goes to the endpoint on this machine (`cargo runpod dev`) or, with --endpoint, to an endpoint on Runpod.
/// Stream items are printed as they arrive. If the job does not stream, its output is printed at the end. Progress is
/// shown on stderr.
#[derive(Debug, Default, Args)]
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

    #[command(flatten)]
    pub(super) place: Place,

    /// Submit the job and print its id, without waiting for it
    #[arg(long, conflicts_with_all = ["raw", "save", "verbose"])]
    pub(super) detach: bool,

    #[command(flatten)]
    pub(super) printing: Printing,
}

/// The endpoint that a command talks to, and its patience.
#[derive(Debug, Default, Args)]
pub(super) struct Place {
    #[arg(
        short,
        long,
        value_name = "ID",
        help = "Id of a deployed endpoint; the key is read from RUNPOD_API_KEY"
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

    /// How long to retry if the endpoint is unreachable or answers with an error [default: 10 on this machine,
    /// otherwise 60]
    #[arg(long, value_name = "SECONDS")]
    pub(super) retry_for: Option<u32>,
}

/// How a job's result is printed.
#[derive(Debug, Default, Args)]
pub(super) struct Printing {
    /// Print streamed texts without newlines between them, such as the tokens of a language model
    #[arg(long, conflicts_with = "json")]
    pub(super) raw: bool,

    /// Print a single JSON document at the end, whatever the job's outcome
    #[arg(long)]
    pub(super) json: bool,

    /// Save the files in the job's result (data URLs and base64) in this folder, and print their paths in their place
    #[arg(long, value_name = "DIR")]
    pub(super) save: Option<PathBuf>,

    /// Print the job's states and progress on stderr, line by line
    #[arg(short, long)]
    pub(super) verbose: bool,
}

const AT: &str = "The address of the endpoint";

const PORT: &str = "The port of an endpoint on this machine [default: the port of `cargo runpod dev` in this project, otherwise 8000]";

const CODES: &str = "\
Exit codes: 0 COMPLETED, 1 FAILED, 2 wrong usage, 3 CANCELLED, 4 TIMED_OUT, 5 no answer or a refusal from the endpoint; \
130 after Ctrl-C, 143 after SIGTERM, 141 if nobody reads the output any more";

const MORE: &str = "\
Input:
  Pass the input as an argument, with --file, or on stdin. Without any of them, test_input.json in this folder is sent.
  An object with `input` and no other keys than `id`, `webhook`, `policy` and `s3Config` is a whole request. Any other
  JSON is the job's input.

Environment:
  RUNPOD_API_KEY            The key for --endpoint
  RUNPOD_LOCAL_API_KEY      The key for an endpoint on this machine or at --url, if that endpoint requires a key
  RUNPOD_ENDPOINT_BASE_URL  The base address of endpoints, as in Runpod's Python client [default:
                            https://api.runpod.ai/v2]. An address on this machine also applies without --endpoint, and
                            names the endpoint `local` there

Exit codes:
  0    The job is COMPLETED, or with --detach: the endpoint accepted it
  1    The job FAILED
  2    Wrong usage: a flag, the input, or a missing key
  3    The job was CANCELLED by someone else
  4    The job TIMED_OUT
  5    The endpoint could not be reached, or refused the request
  130  Ctrl-C: the job was cancelled (143 after SIGTERM). A second Ctrl-C exits immediately
  141  Nobody reads the output any more (`| head -1`): the job was cancelled";

impl Arguments {
    /// Tells whether the input is already available, so it need not be read from stdin.
    pub(super) fn has_input(&self) -> bool {
        self.file.is_some() || self.input.as_ref().is_some_and(|input| input != "-")
    }
}

impl Place {
    /// Returns the user's retry time, or `None` if the user chose none.
    pub(super) fn asked_retry_for(&self) -> Option<Duration> {
        self.retry_for
            .map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// Returns the flags that name the same endpoint in another command, such as ` --port 9000`.
    pub(super) fn flags(&self) -> String {
        match (&self.endpoint, &self.url, self.port) {
            (Some(id), _, _) => format!(" --endpoint {id}"),
            (_, Some(url), _) => format!(" --url {url}"),
            (_, _, Some(port)) => format!(" --port {port}"),
            (None, None, None) => String::new(),
        }
    }
}
