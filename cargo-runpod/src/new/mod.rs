//! `cargo runpod new`: a worker that builds, passes its tests and runs as it stands.
//!
//! The templates are folders of `templates/`, and part of this program. [`place`] is where the worker goes and how it is
//! called, [`dependency`] where it has our package from, [`writing`] what puts it there, and [`enclosing`] what it has to
//! do with a workspace around it.

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

/// Make a worker from a template
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder to make; its last part is the worker's name
    name: OsString,

    /// What to begin with
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
    // Where nobody reads it, the worker is there all the same.
    let _ = io::stdout().write_all(report.as_bytes());
    Ok(ExitCode::SUCCESS)
}
