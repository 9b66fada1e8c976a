//! `cargo runpod build`: packs a worker as a container image, and checks everything that can be checked without a container
//! engine.

mod arguments;
mod before;
mod compile;
mod context;
mod elf;
mod files;
mod machine;
mod needs;
mod pack;
mod place;
mod report;
mod signals;
mod start;
mod swap;
mod written;

use std::io::{self, Write as _};
use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;
use crate::image::push::{Pushed, push as pushed};
use crate::image::registry::{Client, Credentials, Name, Sessions};
use crate::selection::Worker;
use crate::settings::image::Image;
use crate::threads;
pub(crate) use arguments::Arguments;
use pack::{Options, Packed, packed};

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let worker = arguments.selection.worker()?;
    let settings = arguments.settings(&worker)?;
    let worker = worker.with_features(&settings.features);
    // A name or a login that is wrong is reported before the build, which takes a minute.
    let target = match &arguments.push {
        Some(name) => Some(target(name, arguments.insecure)?),
        None => None,
    };
    let options = Options {
        output: arguments.output.clone(),
        is_dockerfile: arguments.dockerfile,
        is_insecure: arguments.insecure,
        is_without_state: arguments.no_state_check,
    };
    let runtime = runtime()?;
    let packed = packed(&settings, &worker, &options, &runtime)?;
    let out = &mut io::stdout().lock();
    // If nobody reads stdout, the folder exists anyway.
    let _ = report::packed(out, &worker, &packed);
    if let Some(file) = &arguments.tar {
        runtime.block_on(packed.archived(&worker, file))?;
        let _ = writeln!(out, "Wrote {} for `docker load`.", file.display());
    }
    match target {
        Some(client) => {
            let name = client.name().clone();
            let pushed = runtime.block_on(push(&packed, &worker, client))?;
            let _ = report::pushed(out, &name, &pushed);
        }
        None => {
            let _ = report::next(out, &worker, &packed, arguments.tar.as_deref());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns a client of the repository that an image is pushed to.
pub(crate) fn target(name: &str, is_insecure: bool) -> Result<Client, Failure> {
    let name = Name::parse(name, "--push", is_insecure)?;
    if name.has_digest() {
        return Err(Failure::new(format!(
            "--push: found {name}; expected a tag, because the digest follows from the image"
        )));
    }
    let credentials = Credentials::for_push(&name)?;
    Client::new(name, credentials)
}

/// Builds a worker's image, pushes it, and reports both on stderr. If `is_insecure`, the registry of the base image is
/// spoken to over plain HTTP, too. Blocks the thread.
pub(crate) fn built_and_pushed(
    settings: &Image,
    worker: &Worker,
    to: Client,
    is_insecure: bool,
) -> Result<Pushed, Failure> {
    let runtime = runtime()?;
    let options = Options {
        is_insecure,
        ..Options::default()
    };
    let packed = packed(settings, worker, &options, &runtime)?;
    // If nobody reads stderr, the image exists anyway.
    let _ = report::packed(&mut io::stderr().lock(), worker, &packed);
    let name = to.name().clone();
    let pushed = runtime.block_on(push(&packed, worker, to))?;
    let _ = report::pushed(&mut io::stderr().lock(), &name, &pushed);
    Ok(pushed)
}

/// Pushes a packed image.
async fn push(packed: &Packed, worker: &Worker, to: Client) -> Result<Pushed, Failure> {
    let Some(image) = &packed.image else {
        return Err(Failure::new(
            "--push: a folder with a Dockerfile is not an image; leave --dockerfile out",
        ));
    };
    let sessions = Sessions::in_folder(worker.target_directory().join("runpod-uploads"));
    pushed(image, packed.base.as_ref(), to, sessions).await
}

/// The threads of the requests to registries.
fn runtime() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    threads::runtime(&mut builder, 2)
}
