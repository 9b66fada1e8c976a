//! Tests of media as users write and read them.

use serde_json::json;

use super::{AudioInput, ImageInput, Media, MediaErrorKind, MediaInput};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn image(text: &str) -> Result<ImageInput, String> {
    serde_json::from_value(json!(text)).map_err(|error| error.to_string())
}

fn png() -> Vec<u8> {
    let image = image(PNG).unwrap();
    image.inline().unwrap().bytes().to_vec()
}

#[test]
fn samples_become_a_wav_file() {
    let sound = Media::wav_from_samples(8000, 2, &[0.0, 1.0, -1.0, 7.0]).unwrap();
    assert_eq!(sound.media_type(), "audio/wav");
    let expected: [&[u8]; 6] = [
        b"RIFF\x2c\0\0\0WAVE",
        b"fmt \x10\0\0\0\x01\0\x02\0",
        &8000_u32.to_le_bytes(),
        &32_000_u32.to_le_bytes(),
        b"\x04\0\x10\0data\x08\0\0\0",
        b"\0\0\xff\x7f\x01\x80\xff\x7f",
    ];
    assert_eq!(sound.bytes(), expected.concat());
    // The file is a sound for our own inputs, too.
    let input: AudioInput = serde_json::from_value(json!(sound)).unwrap();
    assert_eq!(input.inline(), Some(&sound));
}

#[test]
fn samples_that_are_no_sound_are_an_error() {
    for (rate, channels, samples, expected) in [
        (0, 1, &[0.0][..], "sample rate is 0 Hz"),
        (8000, 0, &[0.0], "number of channels is 0"),
        (8000, 2, &[0.0], "cannot be divided into 2 channels"),
        (8000, 1, &[0.0, f32::NAN], "the sample at index 1 is NaN"),
        (u32::MAX, 2, &[0.0, 0.0], "at most 4 GiB"),
    ] {
        let error = Media::wav_from_samples(rate, channels, samples).unwrap_err();
        assert_eq!(error.kind(), MediaErrorKind::Samples);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn media_is_a_data_url_in_json() {
    let media = Media::png(png()).unwrap();
    assert_eq!(json!(media), json!(format!("data:image/png;base64,{PNG}")));
    assert_eq!(media.to_base64(), PNG);
    assert_eq!(format!("{media:?}"), "Media(image/png, 70 bytes)");
    let large = Media::new(vec![b'a'; 3 << 20], "text/plain").unwrap();
    assert_eq!(json!(large).as_str(), Some(&*large.to_data_url()));
}

#[test]
fn a_wrong_type_is_found_when_the_media_is_made() {
    for (media, expected) in [
        (
            Media::jpeg(png()),
            "the content is image/png, not image/jpeg",
        ),
        (
            Media::wav("no sound".as_bytes()),
            "of an unknown format, not audio/wav",
        ),
        (Media::new(png(), "png"), "`png` is not a media type"),
        (
            Media::png(png()[..60].to_vec()),
            "ends before its last chunk",
        ),
    ] {
        let error = media.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_first_bytes_decide_about_the_type_of_an_input() {
    let mislabelled = image(&format!("data:image/jpeg;base64,{PNG}")).unwrap();
    assert_eq!(mislabelled.inline().unwrap().media_type(), "image/png");
    // The beginning of a WebM file, and enough bytes after it.
    let webm = format!(
        "data:audio/webm;codecs=opus;base64,GkXfo6NCgoR3ZWJt{}",
        "A".repeat(400)
    );
    let recorded: AudioInput = serde_json::from_value(json!(webm)).unwrap();
    assert_eq!(recorded.inline().unwrap().media_type(), "audio/webm");
    let text: MediaInput = serde_json::from_value(json!("data:text/csv;base64,YSxi")).unwrap();
    assert_eq!(text.inline().unwrap().media_type(), "text/csv");
    let unknown: MediaInput = serde_json::from_value(json!("YSxi")).unwrap();
    assert_eq!(
        unknown.inline().unwrap().media_type(),
        "application/octet-stream"
    );
}

#[test]
fn an_input_that_is_no_image_is_refused() {
    let wav = json!(Media::wav_from_samples(8000, 1, &[0.0]).unwrap());
    let svg = "data:image/svg+xml,%3Csvg%20onload=%22alert(1)%22/%3E";
    for (text, expected) in [
        (
            wav.as_str().unwrap(),
            "a file of the type audio/wav, expected an image",
        ),
        (svg, "a file of an unknown type, expected an image"),
        ("aGVsbG8=", "a file of an unknown type, expected an image"),
        (
            &PNG[..60],
            "a file that was cut off: the PNG image ends before its last chunk",
        ),
        (&PNG[..61], "base64 of 61 characters"),
        ("data:image/png;base64", "without a comma"),
    ] {
        let error = image(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let error = serde_json::from_value::<ImageInput>(json!(7)).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("invalid type: integer `7`, expected an image as base64"),
        "{error}"
    );
}

#[test]
fn an_input_that_is_too_large_is_refused() {
    let error = serde_json::from_value::<ImageInput<69>>(json!(PNG)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid value: 70 bytes, expected an image of at most 69 bytes"
    );
    assert!(serde_json::from_value::<ImageInput<70>>(json!(PNG)).is_ok());
}

#[cfg(feature = "download")]
#[test]
fn a_url_stays_a_url_until_it_is_loaded() {
    let url = "https://example.com/a.png?signature=secret";
    let input = image(url).unwrap();
    assert_eq!(input.url(), Some(url));
    assert_eq!(json!(input), json!(url));
    assert!(!format!("{input:?}").contains("secret"));
}
