//! The templates and their rendering.
//!
//! `cargo generate` uses the same folders as templates. It reads Liquid, and we read Jinja. The templates therefore use
//! only `{{ name }}` with identifiers as names, which both understand.

use std::path::PathBuf;

use clap::ValueEnum;
use include_dir::{Dir, File, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, context};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Files that only `cargo generate` reads.
const NOT_OURS: &[&str] = &["cargo-generate.rhai", "cargo-generate.toml"];

/// A suffix for files that must not take effect in our own repository. `cargo generate` removes the suffix, too.
const MARK: &str = ".liquid";

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Template {
    /// One function that turns a job's input into its output
    Basic,
    /// A function that streams its output item by item
    Stream,
    /// A model that is loaded once, and a handler that streams its output
    Model,
    /// A language model that chats, with candle, on an NVIDIA GPU or the CPU
    Chat,
    /// A model that computes embeddings, in batches, with candle
    Embed,
    /// Speech in audio, found with Silero VAD on the CPU
    Speech,
    /// Text in images, read with PP-OCR on the CPU
    Ocr,
}

/// The values that differ between workers.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) project_name: &'a str,
    /// The right side of `runpod-worker = …` in a Cargo.toml.
    pub(crate) runpod_dependency: &'a str,
}

/// One file of a new worker.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// The path relative to the worker's folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Template {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Stream => "stream",
            Self::Model => "model",
            Self::Chat => "chat",
            Self::Embed => "embed",
            Self::Speech => "speech",
            Self::Ocr => "ocr",
        }
    }

    /// Renders all files of a worker.
    pub(crate) fn files(self, values: &Values<'_>) -> Result<Vec<Rendered>, String> {
        let folder = TEMPLATES
            .get_dir(self.name())
            .ok_or_else(|| broken(self.name(), "it is missing"))?;
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
                let source = file
                    .contents_utf8()
                    .ok_or_else(|| fault("it is not UTF-8 text"))?;
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

/// Returns a renderer that replaces names and leaves all other text unchanged. An unknown name is an error.
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
