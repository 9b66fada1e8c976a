//! Makes an image of a worker: the build, the checks, the layers and the folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use super::compile;
use super::context::{Context, Format, InPlace, LIBRARIES, PROGRAM, Staged};
use super::elf::{self, Elf};
use super::machine::Machine;
use super::needs::{self, Needs, Origin};
use super::start::{Attempt, Started};
use crate::failure::Failure;
use crate::image::archive;
use crate::image::base::Base;
use crate::image::base_files;
use crate::image::configuration::Wanted;
use crate::image::layer::{self, Entry, Layer};
use crate::image::layout::{self, Written};
use crate::image::registry::{Client, Credentials, Name};
use crate::selection::Worker;
use crate::settings::image::Image;

/// What the command line says beyond the settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) output: Option<PathBuf>,
    pub(crate) is_dockerfile: bool,
    pub(crate) is_insecure: bool,
    pub(crate) is_without_state: bool,
}

/// An image in its folder.
pub(crate) struct Packed {
    pub(super) place: InPlace,
    /// The image. `None` if the folder is a build context with a Dockerfile.
    pub(crate) image: Option<Written>,
    pub(crate) base: Option<Base>,
    /// The name of the base image as the settings have it.
    pub(super) base_name: Option<String>,
    pub(super) program: Elf,
    pub(super) needs: Needs,
    pub(super) started: Started,
    /// The sizes of the image's files by their paths.
    pub(super) files: Vec<(PathBuf, u64)>,
}

impl Packed {
    /// Writes the image as one file.
    pub(super) async fn archived(&self, worker: &Worker, to: &Path) -> Result<(), Failure> {
        let Some(image) = &self.image else {
            return Ok(());
        };
        archive::write(image, self.base.as_ref(), &tag(worker), to).await
    }
}

/// Returns the tag under which `docker load` shows the image.
pub(super) fn tag(worker: &Worker) -> String {
    format!("{}:latest", worker.package.name)
}

/// Packs a worker.
pub(crate) fn packed(
    settings: &Image,
    worker: &Worker,
    options: &Options,
    runtime: &Runtime,
) -> Result<Packed, Failure> {
    settings.check()?;
    let format = if options.is_dockerfile {
        Format::Dockerfile(dockerfile(settings, worker))
    } else {
        Format::Layout
    };
    let output = options.output.as_deref();
    // These checks run before the build, which takes a minute.
    let context = Context::planned(output, worker, &settings.include, format)?;
    let base = match settings.real_base() {
        Some(name) if !options.is_dockerfile => {
            Some(runtime.block_on(fetched(name, options.is_insecure))?)
        }
        _ => None,
    };
    let profile = settings.profile.as_deref().unwrap_or("release");
    let built = compile::built(worker, profile, settings.is_dynamic())?;
    let program = Elf::read(&built.program)?;
    program.has_to_be_for_this_platform()?;
    let machine = Machine::of(&program, &built.linked);
    let needs = if settings.is_dynamic() {
        let remembered = worker.target_directory().join("runpod-base");
        let libraries = match &base {
            Some(base) => {
                let read = base_files::libraries(base, &remembered, elf::defined);
                Some((base.name.to_string(), runtime.block_on(read)?))
            }
            None => None,
        };
        needs::of(
            &program,
            &settings.libraries,
            libraries.as_ref().map(|(name, all)| (name.as_str(), all)),
            &machine,
            settings.bundle_libs,
        )?
    } else {
        program.has_to_stand_alone()?;
        Needs::default()
    };
    let staged = context.stage(&built.program, needs.packed())?;
    let started = started(&staged, settings, options, &program, &machine, &needs)?;
    let entries = layer::entries(&staged.root()).map_err(|error| not_made(&error))?;
    let mut files = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.is_folder) {
        let about = fs::metadata(&entry.from).map_err(|error| not_made(&error))?;
        files.push((entry.path.clone(), about.len()));
    }
    let image = if options.is_dockerfile {
        None
    } else {
        let image = written(
            staged.folder(),
            &entries,
            settings,
            worker,
            base.as_ref(),
            &needs,
        );
        Some(image.map_err(|error| not_made(&error))?)
    };
    let place = staged.complete()?.put_in_place()?;
    let image = image.map(|image| Written {
        folder: place.folder.clone(),
        ..image
    });
    Ok(Packed {
        place,
        image,
        base,
        base_name: settings.real_base().map(str::to_owned),
        program,
        needs,
        started,
        files,
    })
}

async fn fetched(name: &str, is_insecure: bool) -> Result<Base, Failure> {
    let name = Name::parse(name, "--base", is_insecure)?;
    let credentials = Credentials::for_pull(&name)?;
    Base::fetched(Client::new(name, credentials)?).await
}

fn not_made(error: &io::Error) -> Failure {
    Failure::new(format!(
        "the image could not be written: {error}; the folder is unchanged"
    ))
}

/// Writes the layers and everything that refers to them.
fn written(
    folder: &Path,
    entries: &[Entry],
    settings: &Image,
    worker: &Worker,
    base: Option<&Base>,
    needs: &Needs,
) -> io::Result<Written> {
    let blobs = layout::blobs(folder);
    fs::create_dir_all(&blobs)?;
    // The files that rarely change are a layer of their own: after an edit, only the program is pushed.
    let (program, mut others): (Vec<Entry>, Vec<Entry>) = entries
        .iter()
        .cloned()
        .partition(|entry| Path::new("/").join(&entry.path) == Path::new(PROGRAM));
    let has_files = others.iter().any(|entry| !entry.is_folder);
    let mut layers: Vec<Layer> = Vec::new();
    let last = if has_files {
        let what = "cargo runpod build: included files and libraries";
        layers.push(layer::write(&others, &blobs, layer::LARGE, what)?);
        program
    } else {
        others.extend(program);
        others.sort();
        others
    };
    let what = "cargo runpod build: the worker";
    layers.push(layer::write(&last, &blobs, layer::SMALL, what)?);
    let has_libraries = needs.packed().next().is_some();
    let wanted = Wanted {
        env: settings.env.clone(),
        labels: labels(worker, base),
        libraries: has_libraries.then(|| LIBRARIES.to_owned()),
    };
    layout::write(folder, &tag(worker), base, &wanted, &layers)
}

/// Returns the labels that describe the image, under their common names.
fn labels(worker: &Worker, base: Option<&Base>) -> BTreeMap<String, String> {
    let package = &worker.package;
    let base_name = base.map(|base| base.name.to_string());
    let all = [
        ("title", Some(worker.name.clone())),
        ("version", Some(package.version.to_string())),
        ("description", package.description.clone()),
        ("source", package.repository.clone()),
        ("licenses", package.license.clone()),
        ("base.name", base_name),
        ("base.digest", base.map(|base| base.digest.clone())),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((format!("org.opencontainers.image.{name}"), value?)))
        .collect()
}

fn dockerfile(settings: &Image, worker: &Worker) -> String {
    let mut text = format!(
        "# Generated by `cargo runpod build` for {} {}. To change it, run the command again.\nFROM {}\nCOPY rootfs/ /\n",
        worker.package.name,
        worker.package.version,
        settings.real_base().unwrap_or("scratch"),
    );
    let quoted = |value: &str| {
        value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
    };
    for (name, value) in &settings.env {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "ENV {name}=\"{}\"", quoted(value));
    }
    if settings.is_dynamic() && settings.bundle_libs {
        let _ = writeln!(text, "ENV LD_LIBRARY_PATH={LIBRARIES}:$LD_LIBRARY_PATH");
    }
    let _ = writeln!(text, "WORKDIR /app\nENTRYPOINT [\"{PROGRAM}\"]");
    text
}

/// Starts the worker with the image's files and, if it uses shared libraries, with this machine's.
fn started(
    staged: &Staged,
    settings: &Image,
    options: &Options,
    program: &Elf,
    machine: &Machine,
    needs: &Needs,
) -> Result<Started, Failure> {
    let folder = tempfile::Builder::new()
        .prefix("check-")
        .tempdir_in(staged.folder())
        .map_err(|error| not_made(&error))?;
    let root = folder.path();
    linked(&staged.root(), root).map_err(|error| not_made(&error))?;
    let mut environment = settings.env.clone();
    let mut only_help = options
        .is_without_state
        .then(|| "--no-state-check".to_owned());
    if settings.is_dynamic() {
        let mut names = program.needed.clone();
        names.extend(program.loader.iter().filter_map(|loader| {
            Some(
                Path::new(loader)
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            )
        }));
        let mut files = match machine.closure(&names) {
            Ok(files) => files,
            Err(missing) => {
                return Ok(Started::NotTried(format!(
                    "this machine does not have {}",
                    missing.join(", ")
                )));
            }
        };
        for name in &settings.libraries {
            match machine.closure(std::slice::from_ref(name)) {
                Ok(found) => files.extend(found),
                Err(missing) => {
                    only_help.get_or_insert(format!(
                        "this machine does not have {}",
                        missing.join(", ")
                    ));
                }
            }
        }
        let folders = with_libraries(root, &files, program.loader.as_deref())
            .map_err(|error| not_made(&error))?;
        let has_packed = needs
            .libraries
            .values()
            .any(|it| matches!(it, Origin::Packed(_)));
        let first = has_packed.then(|| LIBRARIES.to_owned());
        let path: Vec<_> = first.into_iter().chain(folders).collect();
        environment.insert("LD_LIBRARY_PATH".to_owned(), path.join(":"));
    }
    let attempt = Attempt {
        root,
        environment: &environment,
        only_help,
    };
    attempt.run()
}

/// Gives each file of a folder a second name in another one.
fn linked(from: &Path, to: &Path) -> io::Result<()> {
    for entry in layer::entries(from)? {
        let place = to.join(&entry.path);
        if entry.is_folder {
            fs::create_dir_all(&place)?;
            fs::set_permissions(&place, fs::metadata(&entry.from)?.permissions())?;
        } else if fs::hard_link(&entry.from, &place).is_err() {
            fs::copy(&entry.from, &place)?;
        }
    }
    Ok(())
}

/// Copies this machine's libraries to their places below a root directory. Returns their folders.
fn with_libraries(root: &Path, files: &[PathBuf], loader: Option<&str>) -> io::Result<Vec<String>> {
    let mut folders = Vec::new();
    let copied = |from: &Path, to: &Path| {
        let place = root.join(to.strip_prefix("/").unwrap_or(to));
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        if place.exists() {
            return Ok(());
        }
        fs::copy(from, place).map(|_| ())
    };
    for file in files {
        let file = std::path::absolute(file)?;
        copied(&file, &file)?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        let folder = folder.display().to_string();
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    if let Some(loader) = loader {
        copied(Path::new(loader), Path::new(loader))?;
    }
    Ok(folders)
}
