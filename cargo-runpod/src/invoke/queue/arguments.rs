//! The command-line arguments of `cargo runpod health` and `cargo runpod purge`.

use clap::Args;

use crate::invoke::arguments::Place;

/// Show how many jobs and workers an endpoint has
///
/// The command asks the same endpoint as `cargo runpod invoke` with the same flags.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub(crate) struct Health {
    #[command(flatten)]
    pub(super) place: Place,

    /// Print the endpoint's answer as JSON on one line
    #[arg(long)]
    pub(super) json: bool,
}

/// Remove all waiting jobs from an endpoint's queue
///
/// Running jobs continue. The command asks for confirmation. It uses the same endpoint as `cargo runpod invoke` with
/// the same flags.
#[derive(Debug, Args)]
#[command(after_help = PURGE_CODES)]
pub(crate) struct Purge {
    #[command(flatten)]
    pub(super) place: Place,

    /// Remove the jobs without asking
    #[arg(short, long)]
    pub(super) yes: bool,
}

const CODES: &str = "Exit codes: 0 the endpoint answered, 2 wrong usage, 5 no answer or a refusal from the endpoint";

const PURGE_CODES: &str = "\
Exit codes: 0 the queue is empty now, 1 not confirmed, 2 wrong usage, 5 no answer or a refusal from the endpoint";
