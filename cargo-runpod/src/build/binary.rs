//! What an ELF program needs from the system that starts it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{EM_X86_64, FileHeader64, PT_INTERP, SHT_SYMTAB};
use object::read::elf::{FileHeader as _, SectionHeader as _};

use crate::failure::Failure;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Binary {
    path: PathBuf,
    is_x86_64: bool,
    /// The loader that the program requests. The loader then looks for shared libraries.
    loader: Option<String>,
    has_symbols: bool,
}

impl Binary {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: &dyn fmt::Display| {
            Failure::new(format!(
                "{}, which cargo built, is not a Linux program: {error}",
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
                let name = name.unwrap_or_default().trim_ascii_end();
                loader = Some(
                    String::from_utf8_lossy(name)
                        .trim_end_matches('\0')
                        .to_owned(),
                );
            }
        }
        let sections = header.sections(endian, content)?;
        Ok(Self {
            path: path.to_owned(),
            is_x86_64: header.e_machine(endian) == EM_X86_64,
            loader,
            has_symbols: sections
                .iter()
                .any(|section| section.sh_type(endian) == SHT_SYMTAB),
        })
    }

    /// Fails if the program needs a loader or is not for x86-64. An empty image has neither a loader nor libraries.
    pub(super) fn has_to_stand_alone(&self) -> Result<(), Failure> {
        let fault = if let Some(loader) = &self.loader {
            format!(
                "it is not static: it needs the loader {loader}, which an empty image does not have"
            )
        } else if !self.is_x86_64 {
            "it is not built for x86-64".to_owned()
        } else {
            return Ok(());
        };
        Err(Failure::new(format!(
            "{}: {fault}. Check `linker`, `rustflags` and `build.target` in cargo's configuration, and the variable RUSTFLAGS.",
            self.path.display()
        )))
    }
}

impl fmt::Display for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_x86_64 {
            "x86-64"
        } else {
            "not x86-64"
        })?;
        f.write_str(if self.loader.is_none() {
            ", static"
        } else {
            ", not static"
        })?;
        f.write_str(if self.has_symbols {
            ", not stripped"
        } else {
            ", stripped"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_needs_a_loader_does_not_stand_alone() {
        // The test program itself is dynamically linked.
        let this = std::env::current_exe().unwrap();
        let binary = Binary::read(&this).unwrap();
        assert!(
            binary
                .loader
                .as_deref()
                .is_some_and(|loader| loader.starts_with("/lib"))
        );
        let fault = binary.has_to_stand_alone().unwrap_err().to_string();
        assert!(
            fault.contains("not static") && fault.contains("/lib"),
            "{fault}"
        );
    }

    #[test]
    fn what_is_no_program_is_said_to_be_none() {
        for content in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &[0x7f; 64]] {
            assert!(Binary::of(Path::new("it"), content).is_err(), "{content:?}");
        }
    }
}
