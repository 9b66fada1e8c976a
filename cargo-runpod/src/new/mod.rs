//! `cargo runpod new`: creates a worker that builds, passes its tests and runs without a change.
//!
//! The templates are the folders in `templates/`, embedded in this program. [`place`] determines the worker's folder
//! and name, [`dependency`] where the worker gets `runpod-worker` from. [`writing`] creates the files, and
//! [`enclosing`] handles a workspace around the worker.

mod dependency;
mod enclosing;
mod name;
mod place;
mod report;
mod template;
mod writing;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;
use dependency::Dependency;
use enclosing::{Around, Surroundings};
use place::Place;
use template::{Template, Values};

/// Create a worker from a template
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder to create; its last part is the worker's name
    name: OsString,

    /// The template to start from
    #[arg(long, value_enum, default_value_t = Template::Basic)]
    template: Template,

    #[command(flatten)]
    source: dependency::Source,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let place = Place::of(&arguments.name);
    let dependency = Dependency::of(&arguments.source);
    let (place, dependency) = match (place, dependency) {
        (Ok(place), Ok(dependency)) => (place, dependency),
        (place, dependency) => {
            let faults: Vec<_> = place.err().into_iter().chain(dependency.err()).collect();
            return Err(Failure::new(faults.join("\nerror: ")));
        }
    };
    let values = Values {
        project_name: place.name(),
        runpod_dependency: dependency.toml(),
    };
    let files = arguments.template.files(&values).map_err(Failure::new)?;
    let around = Around::of(place.base()).map_err(Failure::new)?;
    let written = writing::write(&place, &files).map_err(Failure::new)?;
    let surroundings = match around {
        None => Surroundings::Alone,
        Some(around) => around.settle(place.folder()).map_err(|fault| {
            written.remove();
            Failure::new(fault)
        })?,
    };
    let report = report::of(&place, arguments.template, &dependency, &surroundings);
    // If nobody reads stdout, the worker exists anyway.
    let _ = io::stdout().write_all(report.as_bytes());
    Ok(ExitCode::SUCCESS)
}
