//! The templates, and what is put into them.
//!
//! The same folders are templates of `cargo generate`, which reads Liquid where we read Jinja. So they say nothing but
//! `{{ name }}`, with names that are identifiers, which is the same in both.

use std::path::PathBuf;

use clap::ValueEnum;
use include_dir::{Dir, File, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, context};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// What only `cargo generate` reads.
const NOT_OURS: &[&str] = &["cargo-generate.rhai", "cargo-generate.toml"];

/// Ends the names of files that have to look like something else in our own repository; `cargo generate` drops it, too.
const MARK: &str = ".liquid";

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Template {
    /// One function, from a job's input to its output
    Basic,
    /// A function whose output leaves item by item
    Stream,
    /// A model that is loaded once, and a stream made with it
    Model,
}

/// What differs from worker to worker.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) project_name: &'a str,
    /// The right side of `runpod-worker = …` in a Cargo.toml.
    pub(crate) runpod_dependency: &'a str,
}

/// One file of a worker.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// From the worker's folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Template {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Stream => "stream",
            Self::Model => "model",
        }
    }

    /// All files of a worker.
    pub(crate) fn files(self, values: &Values<'_>) -> Result<Vec<Rendered>, String> {
        let folder = TEMPLATES
            .get_dir(self.name())
            .ok_or_else(|| broken(self.name(), "it is not there"))?;
        let mut sources = Vec::new();
        collect(folder, &mut sources);
        let jinja = environment().map_err(|error| broken(self.name(), &error.to_string()))?;
        let values = context! {
            project_name => values.project_name,
            runpod_dependency => values.runpod_dependency,
        };
        sources
            .into_iter()
            .filter(|file| !NOT_OURS.iter().any(|name| file.path().ends_with(name)))
            .map(|file| {
                let path = file.path();
                let fault = |fault: &str| broken(&path.display().to_string(), fault);
                let source = file.contents_utf8().ok_or_else(|| fault("it is no text"))?;
                let text = jinja
                    .render_str(source, values.clone())
                    .map_err(|error| fault(&error.to_string()))?;
                let path = path.strip_prefix(self.name()).unwrap_or(path);
                let path = match path.to_str().and_then(|path| path.strip_suffix(MARK)) {
                    Some(unmarked) => PathBuf::from(unmarked),
                    None => path.to_owned(),
                };
                Ok(Rendered { path, text })
            })
            .collect()
    }
}

/// Puts in what is named and leaves the rest as it is; a name that is not known is a fault.
fn environment() -> Result<Environment<'static>, Error> {
    let mut jinja = Environment::new();
    jinja.set_syntax(
        SyntaxConfig::builder()
            .keep_trailing_newline(true)
            .build()?,
    );
    jinja.set_undefined_behavior(UndefinedBehavior::Strict);
    jinja.set_auto_escape_callback(|_| AutoEscape::None);
    Ok(jinja)
}

fn collect<'a>(folder: &'a Dir<'a>, into: &mut Vec<&'a File<'a>>) {
    into.extend(folder.files());
    for inner in folder.dirs() {
        collect(inner, into);
    }
}

fn broken(what: &str, fault: &str) -> String {
    format!(
        "the template {what}, which is part of this program, is broken: {fault}. Please report it."
    )
}
