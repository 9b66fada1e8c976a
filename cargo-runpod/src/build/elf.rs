//! The needs of a program or a library, as its ELF headers tell them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{
    DT_NEEDED, DT_RPATH, DT_RUNPATH, EM_X86_64, FileHeader64, PT_INTERP, SHT_SYMTAB,
};
use object::read::StringTable;
use object::read::elf::{Dyn as _, FileHeader as _, SectionHeader as _};

use crate::failure::Failure;

/// A version of the GNU C library.
pub(super) type Version = (u32, u32);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Elf {
    pub(super) path: PathBuf,
    pub(super) is_x86_64: bool,
    /// The loader that the program requests. The loader then looks for shared libraries.
    pub(super) loader: Option<String>,
    /// The libraries that the loader looks for. A program without a loader may list some, too.
    pub(super) needed: Vec<String>,
    /// Folders in which the loader looks first. `$ORIGIN` is the folder of the file itself.
    run_paths: Vec<String>,
    /// The newest version of the GNU C library of which a function is used.
    pub(super) glibc: Option<Version>,
    has_symbols: bool,
}

impl Elf {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: &dyn fmt::Display| {
            Failure::new(format!(
                "{} is not a Linux program or library: {error}",
                path.display()
            ))
        };
        let content = fs::read(path).map_err(|error| unreadable(&error))?;
        Self::of(path, &content).map_err(|error| unreadable(&error))
    }

    fn of(path: &Path, content: &[u8]) -> object::Result<Self> {
        let header = FileHeader64::<Endianness>::parse(content)?;
        let endian = header.endian()?;
        let mut loader = None;
        for part in header.program_headers(endian, content)? {
            if part.p_type.get(endian) == PT_INTERP {
                let from = usize::try_from(part.p_offset.get(endian)).unwrap_or(usize::MAX);
                let length = usize::try_from(part.p_filesz.get(endian)).unwrap_or(usize::MAX);
                let name = content.get(from..).and_then(|rest| rest.get(..length));
                let name = String::from_utf8_lossy(name.unwrap_or_default());
                loader = Some(name.trim_end_matches('\0').to_owned());
            }
        }
        let sections = header.sections(endian, content)?;
        let (mut needed, mut run_paths) = (Vec::new(), Vec::new());
        let dynamic = sections.dynamic_table(endian, content)?;
        for entry in dynamic.dynamics() {
            let tag = entry.tag(endian);
            if tag != DT_NEEDED && tag != DT_RPATH && tag != DT_RUNPATH {
                continue;
            }
            let offset = u32::try_from(entry.val(endian)).unwrap_or(u32::MAX);
            let Ok(text) = dynamic.strings().get(offset) else {
                continue;
            };
            let text = String::from_utf8_lossy(text).into_owned();
            if tag == DT_NEEDED {
                needed.push(text);
            } else {
                run_paths.extend(text.split(':').map(str::to_owned));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            is_x86_64: header.e_machine(endian) == EM_X86_64,
            loader,
            needed,
            run_paths,
            glibc: used(content)?,
            has_symbols: sections
                .iter()
                .any(|section| section.sh_type(endian) == SHT_SYMTAB),
        })
    }

    /// Returns the folders in which the loader looks first.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let origin = self.path.parent().unwrap_or(Path::new("/"));
        let origin = origin.display().to_string();
        self.run_paths.iter().map(move |path| {
            let path = path.replace("${ORIGIN}", &origin);
            PathBuf::from(path.replace("$ORIGIN", &origin))
        })
    }

    pub(super) fn is_static(&self) -> bool {
        self.loader.is_none() && self.needed.is_empty()
    }

    /// Fails if the program needs a loader or libraries, or is not for x86-64. An empty image has neither.
    pub(super) fn has_to_stand_alone(&self) -> Result<(), Failure> {
        self.has_to_be_for_this_platform()?;
        let path = self.path.display();
        if !self.needed.is_empty() {
            return Err(Failure::new(format!(
                "{path}: it is not static: it needs {}. An empty image has no libraries. Name an image that has them with \
                 --base, such as debian:bookworm-slim, or nvidia/cuda:12.6.3-runtime-ubuntu24.04 for CUDA's",
                self.needed.join(", ")
            )));
        }
        match &self.loader {
            Some(loader) => Err(Failure::new(format!(
                "{path}: it is not static: it needs the loader {loader}, which an empty image does not have. Check \
                 `linker`, `rustflags` and `build.target` in cargo's configuration, and the variable RUSTFLAGS; or name a \
                 base image with --base"
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn has_to_be_for_this_platform(&self) -> Result<(), Failure> {
        if self.is_x86_64 {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{}: it is not built for x86-64. Check `build.target` in cargo's configuration",
            self.path.display()
        )))
    }
}

impl fmt::Display for Elf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_x86_64 {
            "x86-64"
        } else {
            "not x86-64"
        })?;
        f.write_str(if self.is_static() {
            ", static"
        } else {
            ", dynamic"
        })?;
        f.write_str(if self.has_symbols {
            ", not stripped"
        } else {
            ", stripped"
        })
    }
}

/// Returns the newest version of the GNU C library of which a file uses a function.
fn used(content: &[u8]) -> object::Result<Option<Version>> {
    let header = FileHeader64::<Endianness>::parse(content)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, content)?;
    let Some((mut files, link)) = sections.gnu_verneed(endian, content)? else {
        return Ok(None);
    };
    let names = sections.strings(endian, content, link)?;
    let mut newest = None;
    while let Some((_, mut versions)) = files.next()? {
        while let Some(version) = versions.next()? {
            newest = newest.max(glibc(version.name(endian, names).ok()));
        }
    }
    Ok(newest)
}

/// Returns the version of a GNU C library: the newest one that it defines.
pub(super) fn defined(content: &[u8]) -> Option<Version> {
    let header = FileHeader64::<Endianness>::parse(content).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, content).ok()?;
    let (mut definitions, link) = sections.gnu_verdef(endian, content).ok()??;
    let names: StringTable<'_> = sections.strings(endian, content, link).ok()?;
    let mut newest = None;
    while let Ok(Some((_, mut versions))) = definitions.next() {
        while let Ok(Some(version)) = versions.next() {
            newest = newest.max(glibc(version.name(endian, names).ok()));
        }
    }
    newest
}

/// Reads `GLIBC_2.34`.
fn glibc(name: Option<&[u8]>) -> Option<Version> {
    let name = std::str::from_utf8(name?).ok()?;
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
    let major = numbers.next()?.parse().ok()?;
    Some((major, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needs_of_a_dynamic_program_are_found() {
        // The test program itself is dynamically linked.
        let this = std::env::current_exe().unwrap();
        let elf = Elf::read(&this).unwrap();
        assert!(
            elf.loader
                .as_deref()
                .is_some_and(|it| it.starts_with("/lib"))
        );
        assert!(elf.needed.iter().any(|name| name == "libc.so.6"), "{elf:?}");
        assert!(
            elf.glibc.is_some_and(|version| version >= (2, 17)),
            "{elf:?}"
        );
        let fault = elf.has_to_stand_alone().unwrap_err().to_string();
        assert!(
            fault.contains("not static") && fault.contains("libc.so.6"),
            "{fault}"
        );
    }

    #[test]
    fn a_file_that_is_no_program_is_an_error() {
        for content in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &[0x7f; 64]] {
            assert!(Elf::of(Path::new("it"), content).is_err(), "{content:?}");
            assert_eq!(defined(content), None);
        }
    }
}
