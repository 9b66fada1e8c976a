//! Compares the libraries that a program needs with those that the base image has.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::elf::{Elf, Version};
use super::machine::Machine;
use crate::failure::Failure;
use crate::image::base_files::Libraries;

/// Libraries that Runpod's machines put into a container with a GPU. They belong to the driver, so no image has them.
const DRIVER: [&str; 8] = [
    "libcuda.so.1",
    "libcudadebugger.so.1",
    "libnvcuvid.so.1",
    "libnvidia-encode.so.1",
    "libnvidia-ml.so.1",
    "libnvidia-nvvm.so.4",
    "libnvidia-opencl.so.1",
    "libnvidia-ptxjitcompiler.so.1",
];

/// The parts of the GNU C library. They belong together and are never packed: a mixture of two versions crashes.
const GLIBC: [&str; 13] = [
    "ld-linux-x86-64.so.2",
    "libanl.so.1",
    "libBrokenLocale.so.1",
    "libc.so.6",
    "libc_malloc_debug.so.0",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libnsl.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
];

/// The place from which the worker gets a library at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The base image has it at this path.
    Base(String),
    /// The driver of the machine provides it.
    Driver,
    /// It is packed from this file.
    Packed(PathBuf),
    /// The base was not looked into.
    Unknown,
}

#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) libraries: BTreeMap<String, Origin>,
    pub(super) glibc: Option<Version>,
    pub(super) base_glibc: Option<Version>,
}

impl Needs {
    /// Returns the files that are packed into the image.
    pub(super) fn packed(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.libraries.iter().filter_map(|(name, origin)| {
            let Origin::Packed(file) = origin else {
                return None;
            };
            Some((name.as_str(), file.as_path()))
        })
    }
}

/// A wish for a library.
struct Wish {
    name: String,
    by: String,
}

/// Finds a place for each library, or reports everything that is missing.
pub(super) fn of(
    program: &Elf,
    opened: &[String],
    base: Option<(&str, &Libraries)>,
    machine: &Machine,
    is_bundling: bool,
) -> Result<Needs, Failure> {
    let mut needs = Needs {
        glibc: program.glibc,
        base_glibc: base.and_then(|(_, libraries)| libraries.glibc),
        ..Needs::default()
    };
    let mut newest = "the program".to_owned();
    let mut missing = BTreeSet::new();
    let mut wishes: VecDeque<Wish> = VecDeque::new();
    let wish = |name: &String, by: &str| Wish {
        name: name.clone(),
        by: by.to_owned(),
    };
    wishes.extend(program.needed.iter().map(|name| wish(name, "the program")));
    wishes.extend(
        opened
            .iter()
            .map(|name| wish(name, "the program, which opens it at run time")),
    );
    while let Some(Wish { name, by }) = wishes.pop_front() {
        if needs.libraries.contains_key(&name) {
            continue;
        }
        let in_base = base.map(|(_, libraries)| libraries.find(&name));
        let origin = match in_base {
            _ if DRIVER.contains(&name.as_str()) => Origin::Driver,
            Some(Some(path)) => Origin::Base(path.to_owned()),
            None if GLIBC.contains(&name.as_str()) || !is_bundling => Origin::Unknown,
            _ if GLIBC.contains(&name.as_str()) || !is_bundling => {
                missing.insert(format!("  {name}, needed by {by}"));
                continue;
            }
            _ => {
                let Some(file) = machine.find(&name) else {
                    missing.insert(format!(
                        "  {name}, needed by {by}; this machine does not have it either"
                    ));
                    continue;
                };
                let library = Elf::read(&file)?;
                wishes.extend(library.needed.iter().map(|needed| wish(needed, &name)));
                if library.glibc > needs.glibc {
                    needs.glibc = library.glibc;
                    newest.clone_from(&name);
                }
                Origin::Packed(file)
            }
        };
        needs.libraries.insert(name, origin);
    }
    let Some((name, libraries)) = base else {
        return if missing.is_empty() {
            Ok(needs)
        } else {
            let missing: Vec<_> = missing.into_iter().collect();
            Err(Failure::new(format!(
                "libraries that are to be packed are missing:\n{}\nInstall them on this machine",
                missing.join("\n")
            )))
        };
    };
    if libraries.glibc.is_none() {
        return Err(Failure::new(format!(
            "the base image {name} has no GNU C library, which the program needs. Choose another base, such as \
             debian:bookworm-slim, or build a static program with --static"
        )));
    }
    if !missing.is_empty() {
        let missing: Vec<_> = missing.into_iter().collect();
        let remedy = if is_bundling {
            "Install them on this machine, or choose a base image that has them"
        } else {
            "Choose a base image that has them, or pass --bundle-libs to pack this machine's"
        };
        return Err(Failure::new(format!(
            "the base image {name} lacks libraries:\n{}\n{remedy}",
            missing.join("\n")
        )));
    }
    if needs.glibc > libraries.glibc {
        return Err(Failure::new(format!(
            "{newest} needs version {} of the GNU C library, and the base image {name} has {}. Choose a newer base, build on \
             a system with the older version, or build a static program with --static",
            shown(needs.glibc),
            shown(libraries.glibc)
        )));
    }
    Ok(needs)
}

pub(super) fn shown(version: Option<Version>) -> String {
    version.map_or_else(
        || "no".to_owned(),
        |(major, minor)| format!("{major}.{minor}"),
    )
}
