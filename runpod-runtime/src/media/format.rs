//! Recognises the format of content by its first bytes, and compares it with a declared media type.

use std::borrow::Cow;

/// The media type of content about which nothing is known.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// Other names of media types, with the name that browsers and clients use most.
const ALIASES: [(&str, &str); 15] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("audio/x-wav", "audio/wav"),
    ("audio/wave", "audio/wav"),
    ("audio/vnd.wave", "audio/wav"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-mp3", "audio/mpeg"),
    ("audio/x-flac", "audio/flac"),
    ("audio/m4a", "audio/mp4"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/opus", "audio/ogg"),
    ("audio/x-aiff", "audio/aiff"),
    ("image/x-icon", "image/vnd.microsoft.icon"),
    ("image/x-ms-bmp", "image/bmp"),
];

/// Formats whose first bytes are always recognised, so content with another beginning is not in this format.
const ALWAYS_RECOGNISED: [&str; 9] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "audio/wav",
    "audio/flac",
    "audio/ogg",
];

/// Families of types that share a container. The first bytes do not show which of them the file is, for example whether
/// it has a picture.
const FAMILIES: [&[&str]; 3] = [
    &[
        "video/mp4",
        "audio/mp4",
        "video/x-m4v",
        "video/quicktime",
        "video/3gpp",
        "audio/3gpp",
        "image/heif",
        "image/heic",
        "image/avif",
    ],
    &[
        "video/webm",
        "audio/webm",
        "video/x-matroska",
        "audio/x-matroska",
    ],
    &["audio/ogg", "video/ogg"],
];

/// Returns the media type of content, or `None` if its beginning is not known.
pub(super) fn of(content: &[u8]) -> Option<&'static str> {
    let found = infer::get(content)?.mime_type();
    if !is_certain(found, content) {
        return None;
    }
    let usual = ALIASES.iter().find(|(alias, _)| *alias == found);
    Some(usual.map_or(found, |(_, usual)| usual))
}

/// Returns whether content is in the format that its first bytes suggest. Some formats begin with letters with which a
/// text can begin, too, so they need a second sign.
fn is_certain(found: &str, content: &[u8]) -> bool {
    match found {
        "image/bmp" => content.get(6..10) == Some(&[0; 4]),
        "image/gif" => content.starts_with(b"GIF87a") || content.starts_with(b"GIF89a"),
        "audio/mpeg" => {
            !content.starts_with(b"ID3") || content.get(3).is_some_and(|version| *version <= 4)
        }
        "audio/x-ape" | "audio/x-dsf" | "image/vnd.dwg" => {
            content[..content.len().min(32)].contains(&0)
        }
        "audio/m4a" => content.get(4..8) == Some(b"ftyp"),
        _ => true,
    }
}

/// Returns a declared media type in lower case, without parameters, and with its usual name. Returns `None` if the text
/// is no media type.
pub(super) fn declared(media_type: &str) -> Option<Cow<'static, str>> {
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    let plain = plain.to_ascii_lowercase();
    let is_part = |part: &str| {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
        !part.is_empty() && part.len() <= 127 && part.bytes().all(is_token)
    };
    let (kind, name) = plain.split_once('/')?;
    if !is_part(kind) || !is_part(name) {
        return None;
    }
    let usual = ALIASES.iter().find(|(alias, _)| *alias == plain);
    Some(match usual {
        Some((_, usual)) => Cow::Borrowed(usual),
        None => Cow::Owned(plain),
    })
}

/// Returns whether content with this beginning may have the declared media type.
pub(super) fn agree(declared: &str, found: Option<&str>) -> bool {
    match found {
        Some(found) if found == declared => true,
        Some(found) if is_media(found) => {
            let have_both =
                |family: &&[&str]| family.contains(&found) && family.contains(&declared);
            declared == UNKNOWN || FAMILIES.iter().any(have_both)
        }
        _ => !ALWAYS_RECOGNISED.contains(&declared),
    }
}

/// Returns whether the type is one of media. The first bytes of texts and archives say less, because another format may
/// be inside.
pub(super) fn is_media(media_type: &str) -> bool {
    let kinds = ["image/", "audio/", "video/"];
    kinds.iter().any(|kind| media_type.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_has_its_usual_name_and_no_parameters() {
        for (given, expected) in [
            ("image/png", Some("image/png")),
            ("Image/JPG", Some("image/jpeg")),
            ("audio/x-wav; codecs=1", Some("audio/wav")),
            ("audio/webm;codecs=opus", Some("audio/webm")),
            ("image/svg+xml", Some("image/svg+xml")),
            ("png", None),
            ("image/", None),
            ("image/png\r\nx: y", None),
            ("", None),
        ] {
            assert_eq!(declared(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_text_that_begins_like_media_is_not_media() {
        for text in [
            &b"BMI,age"[..],
            b"MAC address,ip",
            b"ID3 tree",
            b"GIF or PNG",
            b"DSD audio",
        ] {
            assert_eq!(of(text), None, "{text:?}");
        }
        assert_eq!(of(b"GIF89a\x01\0\x01\0"), Some("image/gif"));
        assert_eq!(of(b"ID3\x04\0\0\0\0\0\0"), Some("audio/mpeg"));
        assert_eq!(of(b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0"), Some("image/bmp"));
    }

    #[test]
    fn the_first_bytes_decide_whether_a_declared_type_fits() {
        let png = of(b"\x89PNG\r\n\x1a\n");
        let webm = [&b"\x1a\x45\xdf\xa3aaaaB\x82\x84webm"[..], &[0; 300]].concat();
        let webm = of(&webm);
        assert_eq!(webm, Some("video/webm"));
        let html = of(b"<!DOCTYPE html><html></html>");
        for (declared, found, expected) in [
            ("image/png", png, true),
            ("image/jpeg", png, false),
            ("text/plain", png, false),
            ("application/octet-stream", png, true),
            ("audio/webm", webm, true),
            ("audio/wav", webm, false),
            ("audio/mpeg", webm, false),
            ("application/octet-stream", webm, true),
            ("audio/ogg", Some("audio/ogg"), true),
            ("video/mp4", Some("video/x-m4v"), true),
            ("audio/mpeg", Some("video/mp4"), false),
            ("text/html", html, true),
            ("image/png", html, false),
            ("image/png", None, false),
            ("audio/mpeg", None, true),
        ] {
            assert_eq!(agree(declared, found), expected, "{declared} {found:?}");
        }
    }
}
