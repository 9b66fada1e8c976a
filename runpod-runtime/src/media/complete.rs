//! Finds content that was cut off: a text that a client truncated, or an encoder that was not finished. Only formats
//! that state their own end are checked, so content is never refused because of a guess.

/// How many bytes a RIFF file may lack. Some programs count the header of eight bytes, too.
const TOLERANCE: usize = 8;

/// From this size on, a RIFF file was written without a known length, for example through a pipe.
const PLACEHOLDER: usize = 0x7fff_0000;

/// Returns the reason why PNG, WAV or WebP content is not complete, or `None` if it is complete or in another format.
pub(super) fn missing(content: &[u8]) -> Option<String> {
    if let Some(chunks) = content.strip_prefix(b"\x89PNG\r\n\x1a\n") {
        return missing_in_png(chunks);
    }
    let is_riff = content.starts_with(b"RIFF") && content.len() >= 12;
    if is_riff && [&b"WAVE"[..], b"WEBP"].contains(&&content[8..12]) {
        return missing_in_riff(content);
    }
    None
}

/// Follows the chunks of a PNG image to its last one.
fn missing_in_png(mut chunks: &[u8]) -> Option<String> {
    const AROUND: usize = 12;
    while let Some((length, kind)) = head_of_chunk(chunks) {
        let Some(rest) = length.checked_add(AROUND).and_then(|it| chunks.get(it..)) else {
            break;
        };
        if kind == b"IEND" {
            return None;
        }
        chunks = rest;
    }
    Some("the PNG image ends before its last chunk (IEND)".to_owned())
}

fn head_of_chunk(chunks: &[u8]) -> Option<(usize, &[u8])> {
    let length = u32::from_be_bytes(*chunks.first_chunk()?);
    Some((usize::try_from(length).ok()?, chunks.get(4..8)?))
}

/// Compares the size in the header with the real size.
fn missing_in_riff(content: &[u8]) -> Option<String> {
    let stated = u32::from_le_bytes(*content.get(4..)?.first_chunk()?);
    let stated = usize::try_from(stated).ok()?;
    if stated >= PLACEHOLDER {
        return None;
    }
    let whole = stated.saturating_add(8);
    (whole > content.len().saturating_add(TOLERANCE)).then(|| {
        format!(
            "its header states {whole} bytes, but only {} are there",
            content.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::missing;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\
        \0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
        \0\0\0\0IEND\xaeB`\x82";

    #[test]
    fn a_png_is_complete_only_with_its_last_chunk() {
        assert_eq!(missing(PNG), None);
        let mut followed = PNG.to_vec();
        followed.extend_from_slice(b"something else");
        assert_eq!(missing(&followed), None);
        for length in 8..PNG.len() {
            assert!(missing(&PNG[..length]).is_some(), "{length}");
        }
    }

    #[test]
    fn a_chunk_that_claims_more_than_there_is_does_not_panic() {
        let mut huge = PNG.to_vec();
        huge[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(missing(&huge).is_some());
    }

    #[test]
    fn a_riff_file_may_lack_its_length_but_not_its_content() {
        let riff = |size: u32, content: usize| {
            let mut file = b"RIFF".to_vec();
            file.extend_from_slice(&size.to_le_bytes());
            file.extend_from_slice(b"WAVE");
            file.resize(content, 0);
            missing(&file)
        };
        assert_eq!(riff(36, 44), None);
        assert_eq!(riff(0, 44), None);
        assert_eq!(riff(u32::MAX, 44), None);
        assert_eq!(riff(44, 44), None);
        assert!(riff(4036, 2000).unwrap().contains("4044 bytes"));
    }
}
