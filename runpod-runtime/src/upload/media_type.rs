//! The media type of a file, from its content and its name.

/// The media type of a file about which nothing is known.
const UNKNOWN: &str = "application/octet-stream";

/// Formats in which other formats are packed. If the name tells more, it decides.
const CONTAINERS: [&str; 5] = [
    "application/gzip",
    "application/octet-stream",
    "application/zip",
    "text/plain",
    "text/xml",
];

/// Returns the media type of a file whose content starts with `start`.
pub(super) fn of(start: &[u8], name: &str) -> String {
    let of_content = infer::get(start).map(|found| found.mime_type());
    let of_name = mime_guess::from_path(name).first_raw();
    match (of_content, of_name) {
        (Some(content), Some(name)) if CONTAINERS.contains(&content) => name,
        (Some(content), _) => content,
        (None, Some(name)) => name,
        (None, None) => UNKNOWN,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_content_decides_before_the_name() {
        let png = b"\x89PNG\r\n\x1a\n";
        assert_eq!(of(png, "photo.jpg"), "image/png");
        assert_eq!(of(png, "photo"), "image/png");
        assert_eq!(of(b"{}", "a/b.json"), "application/json");
        assert_eq!(of(b"hello", "notes.TXT"), "text/plain");
        assert_eq!(of(b"hello", "notes"), "application/octet-stream");
        assert_eq!(of(b"", ""), "application/octet-stream");
    }

    #[test]
    fn the_name_tells_what_a_container_contains() {
        let zip = b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        assert_eq!(of(zip, "book.epub"), "application/epub+zip");
        assert_eq!(of(zip, "model"), "application/zip");
        assert_eq!(
            of(b"<?xml version=\"1.0\"?><svg/>", "a.svg"),
            "image/svg+xml"
        );
    }
}
