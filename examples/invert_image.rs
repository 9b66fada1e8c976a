//! Takes a PNG image, and returns it with inverted colours.
//!
//! ```sh
//! cargo run --example invert_image --features media -- --test_input '{"input": {"image": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}'
//! ```

use std::error::Error;
use std::io::Cursor;

use runpod::prelude::*;
use runpod::{ImageInput, Media};

/// The largest image in memory. A small file can contain a huge image.
const MOST_PIXEL_BYTES: usize = 64 << 20;

#[derive(Deserialize)]
struct Picture {
    /// At most 10 MB.
    image: ImageInput<10_000_000>,
}

#[derive(Serialize)]
struct Inverted {
    image: Media,
    width: u32,
    height: u32,
}

#[runpod::main]
fn invert(picture: Picture, ctx: JobContext) -> Result<Inverted, Box<dyn Error + Send + Sync>> {
    let image = picture.image.load(&ctx).wait()?;
    if image.media_type() != "image/png" {
        let found = image.media_type();
        return Err(format!("input.image: found {found}, expected image/png").into());
    }
    let undecodable =
        |error: png::DecodingError| format!("input.image: cannot be decoded: {error}");
    let limits = png::Limits {
        bytes: MOST_PIXEL_BYTES,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(image.bytes()), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(undecodable)?;
    let size = reader.output_buffer_size();
    let size = size.filter(|size| *size <= MOST_PIXEL_BYTES);
    let mut pixels = vec![0; size.ok_or("input.image: has too many pixels")?];
    let frame = reader.next_frame(&mut pixels).map_err(undecodable)?;
    pixels.truncate(frame.buffer_size());

    // Stands in for a model.
    let samples = frame.color_type.samples();
    let has_alpha = samples % 2 == 0;
    for pixel in pixels.chunks_exact_mut(samples) {
        let colours = if has_alpha { samples - 1 } else { samples };
        for value in &mut pixel[..colours] {
            *value = 255 - *value;
        }
    }

    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, frame.width, frame.height);
    encoder.set_color(frame.color_type);
    encoder.set_depth(frame.bit_depth);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(Inverted {
        image: Media::png(file)?,
        width: frame.width,
        height: frame.height,
    })
}
