//! Fuzz targets for the names and archives of downloaded files.

use super::file_name;

/// Parses a `Content-Disposition` header, and the path of a URL.
pub(crate) fn file_name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for name in [file_name::of_disposition(&text), file_name::of_path(&text)] {
        let Some(name) = name else {
            continue;
        };
        assert!(!name.is_empty() && name.len() < 255, "{name:?}");
        assert!(!name.contains(['/', '\\', '\0', '\n', ':']), "{name:?}");
        assert!(!name.starts_with('.'), "{name:?}");
        assert_eq!(file_name::safe(&name).as_deref(), Some(&*name));
    }
}

/// Unpacks an archive, and checks that only files and folders were created, and only in its folder.
#[cfg(feature = "unpack")]
pub(crate) fn archive(data: &[u8]) {
    use std::fs;

    const LIMIT: u64 = 1 << 20;
    let Ok(directory) = tempfile::tempdir() else {
        return;
    };
    let archive = directory.path().join("archive");
    if fs::write(&archive, data).is_err() {
        return;
    }
    let unpacked = super::unpack::unpack(&archive, LIMIT).ok();
    let entries = fs::read_dir(directory.path()).expect("the directory can be listed");
    assert_eq!(entries.count(), 1 + usize::from(unpacked.is_some()));
    let mut bytes = 0;
    let mut folders: Vec<_> = unpacked.into_iter().collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be listed") {
            let entry = entry.expect("it has a name");
            let found = entry.metadata().expect("it exists");
            assert!(found.is_dir() || found.is_file());
            if found.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += found.len();
            }
        }
    }
    assert!(bytes <= LIMIT);
}
