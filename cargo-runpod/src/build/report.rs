//! The report about an image.

use std::io::{self, Write};
use std::path::Path;

use super::context::InPlace;
use super::needs::{Needs, Origin, shown};
use super::pack::{Packed, tag};
use super::start::Started;
use crate::image::push::Pushed;
use crate::image::registry::{Name, Uploaded};
use crate::selection::Worker;

pub(super) fn packed(out: &mut impl Write, worker: &Worker, packed: &Packed) -> io::Result<()> {
    let place = &packed.place;
    writeln!(
        out,
        "Packed {} {} into {}:",
        worker.name,
        worker.package.version,
        place.shown.display()
    )?;
    match &packed.image {
        Some(_) => image_files(out, packed)?,
        None => folder_files(out, packed)?,
    }
    if let Some(image) = &packed.image {
        writeln!(out, "Image: {}", image.digest)?;
    }
    if let Some(base) = &packed.base {
        writeln!(
            out,
            "Base: {}, {} layers with {}, which stay in its registry until a push.",
            base.name,
            base.manifest.layers().len(),
            size(base.bytes())
        )?;
    }
    others(out, place)?;
    checks(out, packed)
}

fn image_files(out: &mut impl Write, packed: &Packed) -> io::Result<()> {
    let mut all = 0;
    for (path, bytes) in &packed.files {
        let about = if path == Path::new("app/worker") {
            format!("  ({})", packed.program)
        } else {
            String::new()
        };
        writeln!(out, "{:>10}  /{}{about}", size(*bytes), path.display())?;
        all += bytes;
    }
    let own = packed.image.iter().flat_map(|image| &image.blobs);
    let compressed = own.filter(|blob| !blob.is_of_base).map(|blob| blob.bytes);
    writeln!(
        out,
        "{:>10}  in total, {} compressed",
        size(all),
        size(compressed.sum())
    )
}

fn folder_files(out: &mut impl Write, packed: &Packed) -> io::Result<()> {
    let mut all = 0;
    for file in &packed.place.files {
        let about = if file.is_program {
            format!("  ({})", packed.program)
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
    writeln!(out, "{:>10}  in total", size(all))
}

fn others(out: &mut impl Write, place: &InPlace) -> io::Result<()> {
    if place.left_out > 0 {
        writeln!(
            out,
            "Left out of the included folders: {} hidden files and folders (their names begin with a dot).",
            place.left_out
        )?;
    }
    if !place.done.kept.is_empty() {
        writeln!(out, "Kept, because this command did not write it:")?;
        for path in &place.done.kept {
            let is_in_image = path.starts_with("rootfs");
            let place = if is_in_image {
                "  (part of the image)"
            } else {
                ""
            };
            writeln!(out, "  {}{place}", path.display())?;
        }
    }
    if let Some(folder) = &place.done.left_behind {
        writeln!(
            out,
            "Files that were written to the folder while it was being replaced are in {}.",
            folder.display()
        )?;
    }
    Ok(())
}

fn checks(out: &mut impl Write, packed: &Packed) -> io::Result<()> {
    if packed.program.is_static() {
        writeln!(out, "Checked: the program needs no library and no loader.")?;
    } else {
        libraries(out, &packed.needs, packed.base_name.as_deref())?;
    }
    let with = if packed.program.is_static() {
        "with only the image's files"
    } else {
        "with the image's files and this machine's libraries"
    };
    match &packed.started {
        Started::AsFarAsState => writeln!(
            out,
            "Checked: the worker starts {with}, and `main` returns its state."
        ),
        Started::Answered(why) => writeln!(
            out,
            "Checked: the worker starts {with}, and answers --help.\nNOT checked: whether `main` returns its state ({why})."
        ),
        Started::NotTried(why) => writeln!(
            out,
            "NOT checked: whether the worker starts {with} ({why})."
        ),
    }
}

fn libraries(out: &mut impl Write, needs: &Needs, base: Option<&str>) -> io::Result<()> {
    writeln!(out, "Libraries:")?;
    for (name, origin) in &needs.libraries {
        let origin = match origin {
            Origin::Base(path) => format!("in the base image: {path}"),
            Origin::Driver => "from the driver of the machine with the GPU".to_owned(),
            Origin::Packed(file) => format!("packed from {}", file.display()),
            Origin::Unknown => "NOT checked".to_owned(),
        };
        writeln!(out, "  {name}  ({origin})")?;
    }
    let base = base.unwrap_or("scratch");
    match needs.base_glibc {
        Some(_) => writeln!(
            out,
            "Checked: {base} has all libraries that are not packed, and version {} of the GNU C library; {} is needed.",
            shown(needs.base_glibc),
            shown(needs.glibc)
        ),
        None => writeln!(
            out,
            "NOT checked: whether {base} has these libraries, and version {} of the GNU C library.",
            shown(needs.glibc)
        ),
    }
}

/// Says what to do with the image.
pub(super) fn next(
    out: &mut impl Write,
    worker: &Worker,
    packed: &Packed,
    tar: Option<&Path>,
) -> io::Result<()> {
    if let Some(file) = tar {
        return writeln!(
            out,
            "\nNext, on a machine with a container engine:\n  docker load --input {}",
            file.display()
        );
    }
    if packed.image.is_some() {
        return writeln!(
            out,
            "\nNext, to push it to a registry:\n  cargo runpod build --push REGISTRY/{}",
            tag(worker)
        );
    }
    writeln!(
        out,
        "\nNext, on a machine with a container engine:\n  docker build --platform linux/amd64 --tag {} {}",
        worker.package.name,
        packed.place.shown.display()
    )
}

pub(super) fn pushed(out: &mut impl Write, name: &Name, pushed: &Pushed) -> io::Result<()> {
    writeln!(out, "Pushed {name}@{}", pushed.digest)?;
    for (how, words) in [
        (Uploaded::Sent, "uploaded"),
        (
            Uploaded::Continued,
            "uploaded, continued from an earlier run",
        ),
        (Uploaded::Mounted, "mounted from the repository of the base"),
        (Uploaded::WasThere, "already there"),
    ] {
        let (count, bytes) = pushed.count(how);
        if count > 0 {
            writeln!(out, "  {count} blobs with {} {words}", size(bytes))?;
        }
    }
    Ok(())
}

/// Formats a size for people.
pub(super) fn size(bytes: u64) -> String {
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
