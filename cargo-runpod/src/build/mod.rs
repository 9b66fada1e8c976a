//! `cargo runpod build`: writes a folder from which a container engine builds a small image, and checks everything that
//! can be checked without a container engine.

mod before;
mod binary;
mod compile;
mod context;
mod files;
mod image;
mod place;
mod start;
mod swap;
mod written;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;
use crate::selection::{Selection, Worker};
use binary::Binary;
use context::{Context, InPlace};
use image::Image;
use start::Started;

/// Pack the worker in this folder for a container image
///
/// Builds a static, stripped program for x86-64 Linux and writes it into a folder, together with a Dockerfile. The
/// folder is a complete build context. The command checks that the program needs no library and that it starts in an
/// empty root directory. If you omit `--base` or `--include`, the setting in `[package.metadata.runpod.image]` of
/// Cargo.toml applies.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The base image [default: scratch, which is empty]
    #[arg(long, value_name = "IMAGE")]
    base: Option<String>,

    /// A file or folder of the package that the worker reads, copied next to the program; can be repeated
    #[arg(long, value_name = "PATH")]
    include: Vec<PathBuf>,

    /// The cargo profile to build with
    #[arg(long, value_name = "NAME", default_value = "release")]
    profile: String,

    /// The folder to write [default: runpod-image/PACKAGE in cargo's target folder]
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,

    // This field is last because its heading applies to everything after it.
    #[command(flatten)]
    selection: Selection,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let worker = arguments.selection.worker()?;
    let image = image(arguments, &worker)?;
    // These checks run before the build, which takes a minute.
    let context = Context::planned(arguments.output.as_deref(), &worker, &image)?;
    let program = compile::statically(&worker, &arguments.profile)?;
    let binary = Binary::read(&program)?;
    binary.has_to_stand_alone()?;
    let complete = context.write(&program)?;
    let started = start::in_an_empty_root(&complete)?;
    let in_place = complete.put_in_place()?;
    // If nobody reads stdout, the folder exists anyway.
    let _ = show(
        &mut io::stdout().lock(),
        &worker,
        &in_place,
        &binary,
        &started,
    );
    Ok(ExitCode::SUCCESS)
}

/// Returns the image settings: the flags of the command line, otherwise the manifest's.
fn image(arguments: &Arguments, worker: &Worker) -> Result<Image, Failure> {
    let given = worker.package.metadata.pointer("/runpod/image");
    let of_manifest: Image = given
        .map(|given| serde_json::from_value(given.clone()))
        .transpose()
        .map_err(|error| {
            Failure::new(format!(
                "{}: [package.metadata.runpod.image]: {error}; the table may contain `base = \"IMAGE\"` and `include = [\"PATH\", …]`",
                worker.package.manifest_path
            ))
        })?
        .unwrap_or_default();
    let include = if arguments.include.is_empty() {
        of_manifest.include
    } else {
        arguments.include.clone()
    };
    Ok(Image {
        base: arguments.base.clone().or(of_manifest.base),
        include,
    })
}

fn show(
    out: &mut impl Write,
    worker: &Worker,
    context: &InPlace,
    binary: &Binary,
    started: &Started,
) -> io::Result<()> {
    writeln!(
        out,
        "Packed {} {} into {}:",
        worker.name,
        worker.package.version,
        context.shown.display()
    )?;
    let mut all = 0;
    for file in &context.files {
        let about = if file.is_program {
            format!("  ({binary})")
        } else {
            String::new()
        };
        writeln!(
            out,
            "{:>10}  {}{about}",
            size(file.bytes),
            file.path.display()
        )?;
        all += file.bytes;
    }
    writeln!(out, "{:>10}  in total", size(all))?;
    if context.left_out > 0 {
        writeln!(
            out,
            "Left out of the included folders: {} hidden files and folders (their names begin with a dot).",
            context.left_out
        )?;
    }
    if !context.done.kept.is_empty() {
        writeln!(out, "Kept, because this command did not write it:")?;
        for path in &context.done.kept {
            let is_in_image = path.starts_with("rootfs");
            let place = if is_in_image {
                "  (part of the image)"
            } else {
                ""
            };
            writeln!(out, "  {}{place}", path.display())?;
        }
    }
    if let Some(folder) = &context.done.left_behind {
        writeln!(
            out,
            "Files that were written to the folder while it was being replaced are in {}.",
            folder.display()
        )?;
    }
    writeln!(out, "Checked: the program needs no library and no loader.")?;
    match started {
        Started::Well => {
            writeln!(
                out,
                "Checked: it starts in an empty root directory, and answers --help."
            )?;
        }
        Started::NotTried(why) => {
            writeln!(
                out,
                "NOT checked: whether it starts in an empty root directory ({why})."
            )?;
        }
    }
    writeln!(
        out,
        "\nNext, on a machine with a container engine:\n  docker build --platform linux/amd64 --tag {} {}",
        worker.package.name,
        context.shown.display()
    )?;
    Ok(())
}

/// Formats a size for people.
fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let amount = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", amount / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", amount / 1e6),
        _ => format!("{:.1} GB", amount / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_the_unit_that_fits() {
        let sizes = [0, 999, 1_000, 5_250_000, 3_000_000_000].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "5.2 MB", "3.0 GB"]);
    }
}
