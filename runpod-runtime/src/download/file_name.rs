//! Safe names for downloaded files.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The name of a file whose source gives no usable name.
pub(super) const FALLBACK: &str = "download";

/// The longest name in bytes. File systems allow 255, and users append extensions.
const LONGEST: usize = 200;

/// Returns the name that a `Content-Disposition` header gives, if it is usable as a file's name.
pub(super) fn of_disposition(header: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        parameters(header)
            .find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then_some(value))
    };
    // RFC 6266: `filename*`, which has an encoding, goes before `filename`.
    let extended = parameter("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, encoded) = rest.split_once('\'')?;
        let bytes: Cow<'_, [u8]> = percent_decode_str(encoded).into();
        match charset.to_ascii_lowercase().as_str() {
            "utf-8" => String::from_utf8(bytes.into_owned()).ok(),
            "iso-8859-1" => Some(bytes.iter().copied().map(char::from).collect()),
            _ => None,
        }
    });
    extended
        .and_then(|name| safe(&name))
        .or_else(|| safe(&parameter("filename")?))
}

/// Returns the name that the path of a URL gives, if it is usable as a file's name.
pub(super) fn of_path(path: &str) -> Option<String> {
    let last = path.rsplit('/').next()?;
    safe(&percent_decode_str(last).decode_utf8_lossy())
}

/// Returns the last component of `name`, without characters that mean something to a file system, a shell or a
/// terminal. Returns `None` if nothing is left.
pub(super) fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let kept: String = last
        .chars()
        .filter(|it| !it.is_control() && !matches!(it, '<' | '>' | ':' | '"' | '|' | '?' | '*'))
        // Characters that change the direction of text could hide an extension.
        .filter(|it| !matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    // Leading dots hide a file or mean a folder. Windows ignores trailing dots and spaces.
    let kept = shortened(kept.trim_matches(|it: char| it == '.' || it.is_whitespace()));
    (!kept.is_empty()).then_some(kept)
}

/// Shortens a long name and keeps its extension.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let extension = match name.rfind('.') {
        Some(dot) if name.len() - dot <= 16 => &name[dot..],
        _ => "",
    };
    let mut end = LONGEST - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    // The cut can be after a dot, which Windows would ignore.
    format!(
        "{}{extension}",
        name[..end].trim_end_matches(|it: char| it == '.' || it.is_whitespace())
    )
}

/// Splits `attachment; filename="a;b.png"; size=3` into its parameters. Quoted values may contain `;` and `\"`.
fn parameters(header: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = header;
    // The first part is the type, such as `attachment`, unless it has a value.
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches([';', ' ', '\t']);
            if rest.is_empty() {
                return None;
            }
            let end = rest.find([';', '=']).unwrap_or(rest.len());
            let name = rest[..end].trim();
            if !rest[end..].starts_with('=') {
                rest = &rest[end..];
                continue;
            }
            let (value, after) = value(rest[end + 1..].trim_start());
            rest = after;
            return Some((name, value));
        }
    })
}

/// Splits a value from the text after it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
#[path = "file_name_tests.rs"]
mod tests;
