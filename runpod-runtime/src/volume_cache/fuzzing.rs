//! Entry points for coverage-guided fuzzing.

use std::path::{Path, PathBuf};

use super::archive;
use super::layout::{Layout, Places};
use super::manifest::Manifest;

/// Parses a manifest, and checks that every file that would be written is inside the local directory.
pub(crate) fn manifest(data: &[u8]) {
    let Ok(manifest) = Manifest::parse(data, Path::new("manifest.json")) else {
        return;
    };
    let layout = layout();
    let mut places = Places::new(&layout);
    for (path, (_, stamp)) in &manifest.files {
        let _ = stamp.time();
        if let Some(place) = places.of(path) {
            assert_inside(&place);
            assert!(layout.big_copy(path).starts_with(layout.big()));
        }
    }
}

/// Reads an archive in the same way. Nothing is written.
pub(crate) fn archive(data: &[u8]) {
    let layout = layout();
    let mut places = Places::new(&layout);
    let _ = archive::read(data, |member, content| {
        let _ = member.stamp.time();
        if let Some(place) = places.of(&member.path) {
            assert_inside(&place);
            let content = archive::content(member.stamp.size, content)?;
            assert_eq!(content.len() as u64, member.stamp.size);
        }
        Ok(())
    });
}

/// The directory need not exist, so that no fuzzed path meets a real file.
fn layout() -> Layout {
    let directory = PathBuf::from("/no-such-directory/models");
    Layout::new(&[directory], Path::new("/no-such-volume"), "fuzzed")
}

fn assert_inside(place: &Path) {
    let is_up = |it: std::path::Component<'_>| it == std::path::Component::ParentDir;
    assert!(place.starts_with("/no-such-directory/models") && !place.components().any(is_up));
}
