use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};
use zip::write::{FullFileOptions, SimpleFileOptions};
use zip::{CompressionMethod, ZipWriter};

use super::entry::Unpacker;
use super::{formats, unpack};
use crate::download::DownloadErrorKind;
use crate::download::error::{Cause, DownloadError};

/// Unpacks these bytes into a folder of their own.
struct Unpacked {
    folder: tempfile::TempDir,
    result: Result<PathBuf, Cause>,
}

fn unpacked(archive: &[u8]) -> Unpacked {
    unpacked_at_most(archive, 1 << 20)
}

fn unpacked_at_most(archive: &[u8], limit: u64) -> Unpacked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, archive).unwrap();
    Unpacked {
        result: unpack(&path, limit),
        folder,
    }
}

impl Unpacked {
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.result.as_ref().unwrap().join(name)).unwrap()
    }

    /// Checks that nothing but the archive is left, and returns the error.
    fn error(self) -> (DownloadErrorKind, String) {
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 1);
        let error = DownloadError::new("archive", self.result.unwrap_err());
        (error.kind(), error.to_string())
    }
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn tar_of(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = Header::new_ustar();
        // The crate refuses dangerous names, so the name is written as bytes.
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o6755);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn files_and_folders_of_every_format_are_unpacked() {
    let zip = zip_of(&[("a/", b""), ("a/b.txt", b"deep"), ("./c.txt", b"flat")]);
    let regular = EntryType::Regular;
    let tar = tar_of(&[
        ("./", EntryType::Directory, b""),
        ("a/", EntryType::Directory, b""),
        ("a/b.txt", regular, b"deep"),
        ("./c.txt", regular, b"flat"),
    ]);
    for archive in [zip, gzip(&tar), tar] {
        let unpacked = unpacked(&archive);
        assert_eq!(unpacked.read("a/b.txt"), "deep");
        assert_eq!(unpacked.read("c.txt"), "flat");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = unpacked.result.as_ref().unwrap().join("c.txt");
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7111, 0);
        }
    }
    assert!(unpacked(&zip_of(&[])).result.is_ok());
}

#[test]
fn a_path_that_leaves_the_folder_is_refused() {
    for name in [
        "../evil",
        "a/../../evil",
        "/evil",
        "a\\..\\..\\evil",
        "C:\\evil",
        "a\u{1b}b",
        "..",
        "/",
    ] {
        let tar = tar_of(&[
            ("ok", EntryType::Regular, b"x"),
            (name, EntryType::Regular, b"x"),
        ]);
        for archive in [tar, zip_of(&[("ok", b"x"), (name, b"x")])] {
            let (kind, message) = unpacked(&archive).error();
            assert_eq!(kind, DownloadErrorKind::Archive, "{name}: {message}");
        }
    }
}

#[test]
fn links_and_special_files_are_refused() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
    ] {
        let (_, message) = unpacked(&tar_of(&[("node", kind, b"")])).error();
        assert!(
            message.contains("`node` is a link or a special file"),
            "{message}"
        );
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_symlink("node", "/etc/passwd", options).unwrap();
    writer.start_file("node/x", options).unwrap();
    let (_, message) = unpacked(&writer.finish().unwrap().into_inner()).error();
    assert!(message.contains("`node` is a link"), "{message}");
}

#[test]
fn a_name_that_appears_twice_is_refused() {
    let regular = EntryType::Regular;
    for entries in [
        [("a", regular, &b"1"[..]), ("a", regular, b"2")],
        [("a", regular, b"1"), ("./a", regular, b"2")],
        [("a", regular, b"1"), ("a/b", regular, b"2")],
        [("a", EntryType::Directory, b""), ("a", regular, b"2")],
    ] {
        let (_, message) = unpacked(&tar_of(&entries)).error();
        assert!(message.contains("twice"), "{message}");
    }
}

#[test]
fn bombs_stop_at_the_limits() {
    let zeros = vec![0; 32 << 20];
    let tar = gzip(&tar_of(&[("zeros", EntryType::Regular, &zeros)]));
    let zip = zip_of(&[("zeros", &zeros)]);
    for archive in [&tar, &zip] {
        assert!(archive.len() < 1 << 16);
        assert_eq!(unpacked(archive).error().0, DownloadErrorKind::TooLarge);
        assert!(unpacked_at_most(archive, 32 << 20).result.is_ok());
    }
    // The limit counts all files together.
    let two = zip_of(&[("a", &[0; 600]), ("b", &[0; 600])]);
    assert_eq!(
        unpacked_at_most(&two, 1000).error().0,
        DownloadErrorKind::TooLarge
    );

    let names: Vec<_> = (0..20).map(|index| format!("f{index}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, zip_of(&many)).unwrap();
    let mut unpacker = Unpacker::new(folder.path(), 19, 1000);
    let error = formats::unpack(&path, &mut unpacker).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("at most 19 are allowed"), "{text}");
}

/// A tar whose first entry has a description of this kind and size, and then a file.
fn tar_with_description(kind: u8, size: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_path("described").unwrap();
    header.set_entry_type(EntryType::new(kind));
    header.set_size(size);
    header.set_cksum();
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append(&header, std::io::repeat(b'x').take(size))
        .unwrap();
    let mut tar = builder.into_inner().unwrap();
    tar.truncate(tar.len() - 1024);
    tar.extend(tar_of(&[("a", EntryType::Regular, b"1")]));
    tar
}

#[test]
fn descriptions_of_a_tar_that_are_too_large_are_refused() {
    // A long name, a long link, an extended header, and a global one.
    for kind in *b"LKxg" {
        for archive in [tar_with_description(kind, 3 << 20)] {
            for archive in [gzip(&archive), archive] {
                let (kind, message) = unpacked(&archive).error();
                assert_eq!(kind, DownloadErrorKind::Archive, "{message}");
                assert!(message.contains("descriptions of its entries"), "{message}");
            }
        }
    }
    assert!(
        unpacked(&tar_with_description(b'g', 1 << 10))
            .result
            .is_ok()
    );
}

#[test]
fn a_zip_that_announces_too_many_entries_is_refused_before_they_are_read() {
    let zip = zip_of(&[("a", b"1")]);
    let end = zip.len() - 22;
    // The short record at the end, in front of which is a long record with the true number and its locator.
    let mut long = zip[..end].to_vec();
    long.extend(b"PK\x06\x06");
    long.extend(44_u64.to_le_bytes());
    long.extend([45, 0, 45, 0]);
    long.extend([0; 8]);
    for number in [1_u64 << 40, 1 << 40] {
        long.extend(number.to_le_bytes());
    }
    long.extend((46_u64 << 40).to_le_bytes());
    long.extend(u64::MAX.to_le_bytes());
    long.extend(b"PK\x06\x07");
    long.extend(0_u32.to_le_bytes());
    long.extend((end as u64).to_le_bytes());
    long.extend(1_u32.to_le_bytes());
    long.extend(b"PK\x05\x06");
    long.extend([0; 4]);
    long.extend([0xff; 12]);
    long.extend([0; 2]);
    let (_, message) = unpacked(&long).error();
    assert!(
        message.contains("it announces 1099511627776 entries"),
        "{message}"
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, zip_of(&[("a", b""), ("b", b"")])).unwrap();
    let mut unpacker = Unpacker::new(folder.path(), 1, 1000);
    let error = formats::unpack(&path, &mut unpacker).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("it announces 2 entries, and at most 1 are"),
        "{text}"
    );
}

#[test]
fn a_directory_of_a_zip_that_is_too_large_is_refused() {
    let comment = "c".repeat(65_000);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..600 {
        let options = FullFileOptions::default().with_file_comment(comment.clone());
        writer.start_file(format!("f{index}"), options).unwrap();
    }
    let (_, message) = unpacked(&writer.finish().unwrap().into_inner()).error();
    assert!(message.contains("descriptions of its entries"), "{message}");
}

#[test]
fn broken_and_unknown_content_is_refused() {
    let tar = tar_of(&[("a", EntryType::Regular, &[7; 5000])]);
    let zip = zip_of(&[("a", &[7; 5000])]);
    let mut flipped = zip.clone();
    flipped[45] ^= 0xff;
    let cut = |archive: &[u8]| archive[..archive.len() / 2].to_vec();
    for archive in [
        cut(&tar),
        cut(&gzip(&tar)),
        cut(&zip),
        flipped,
        b"PK\x03\x04".to_vec(),
        b"just text".to_vec(),
        Vec::new(),
    ] {
        let (kind, message) = unpacked(&archive).error();
        assert_eq!(kind, DownloadErrorKind::Archive, "{message}");
    }
    let error = unpack(Path::new("/does/not/exist"), 1).unwrap_err();
    assert!(matches!(error, Cause::Disk { .. }), "{error}");
}
