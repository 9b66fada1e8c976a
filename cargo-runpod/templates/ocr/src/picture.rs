//! The image of a job: decoding, pixels between pixels, and drawing.

use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Rgb, RgbImage};

use crate::Error;
use crate::detection::Quad;

/// A small file can hold an image that needs gigabytes when it is decoded.
const MAX_PIXELS: u64 = 40_000_000;

/// The longest side of a drawn image, so that an output stays below the platform's limits.
const MAX_DRAWN: u32 = 1600;

pub struct Picture(RgbImage);

impl Picture {
    pub fn open(path: &Path) -> Result<Self, Error> {
        let reader = || -> Result<_, Error> {
            Ok(ImageReader::new(BufReader::new(File::open(path)?)).with_guessed_format()?)
        };
        let format = reader()?.format();
        if !matches!(format, Some(ImageFormat::Png | ImageFormat::Jpeg)) {
            return Err("input.image is not a PNG or JPEG image. Convert it first".into());
        }
        let undecoded = |error| format!("input.image cannot be decoded: {error}");
        let (width, height) = reader()?.into_dimensions().map_err(undecoded)?;
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(format!(
                "input.image: found {width} × {height} pixels; expected at most {MAX_PIXELS} pixels"
            )
            .into());
        }
        let mut decoder = reader()?.into_decoder().map_err(undecoded)?;
        // Cameras store a photo as the sensor saw it, and how it must be turned.
        let orientation = decoder.orientation().map_err(undecoded)?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(undecoded)?;
        image.apply_orientation(orientation);
        Ok(Self(on_white(image)))
    }

    /// Returns the width and the height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.0.dimensions()
    }

    /// Returns the colour at a place between pixels, mixed from its four neighbours: blue, green and red, from -1 to 1.
    /// Places outside have the colour of the nearest pixel. This is how OpenCV, with which the models were trained,
    /// resizes images.
    pub fn at(&self, x: f32, y: f32) -> [f32; 3] {
        let (width, height) = self.size();
        let split = |position: f32, len: u32| {
            let position = position.clamp(0.0, (len - 1) as f32);
            let first = position as u32;
            (first, (first + 1).min(len - 1), position - first as f32)
        };
        let (left, right, along) = split(x, width);
        let (top, bottom, down) = split(y, height);
        let mix = |first: f32, second: f32, part: f32| first + (second - first) * part;
        let colour = |x, y, channel: usize| f32::from(self.0.get_pixel(x, y)[channel]);
        [2, 1, 0].map(|channel| {
            let above = mix(
                colour(left, top, channel),
                colour(right, top, channel),
                along,
            );
            let below = mix(
                colour(left, bottom, channel),
                colour(right, bottom, channel),
                along,
            );
            mix(above, below, down) / 127.5 - 1.0
        })
    }

    /// Draws frames, and returns a data URL of the image. A large image becomes smaller.
    pub fn drawn<'a>(&self, quads: impl Iterator<Item = &'a Quad>) -> Result<String, Error> {
        let (width, height) = self.size();
        let scale = (MAX_DRAWN as f32 / width.max(height) as f32).min(1.0);
        let side = |len: u32| ((len as f32 * scale) as u32).max(1);
        let mut image = image::imageops::thumbnail(&self.0, side(width), side(height));
        for quad in quads {
            for (index, from) in quad.iter().enumerate() {
                let to = quad[(index + 1) % 4];
                draw_line(
                    &mut image,
                    from.map(|it| it * scale),
                    to.map(|it| it * scale),
                );
            }
        }
        let mut bytes = Cursor::new(Vec::new());
        image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 85))?;
        let base64 = STANDARD.encode(bytes.into_inner());
        Ok(format!("data:image/jpeg;base64,{base64}"))
    }
}

/// Removes transparency: text is often black on nothing.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u32::from);
        Rgb([red, green, blue].map(|colour| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8))
    })
}

/// Draws a red line that is two pixels thick.
fn draw_line(image: &mut RgbImage, from: [f32; 2], to: [f32; 2]) {
    let (x, y) = (to[0] - from[0], to[1] - from[1]);
    let steps = x.abs().max(y.abs()).ceil().max(1.0);
    for step in 0..=steps as u32 {
        let part = step as f32 / steps;
        let (x, y) = ((from[0] + x * part) as u32, (from[1] + y * part) as u32);
        for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
            if let Some(pixel) = image.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([230, 0, 0]);
            }
        }
    }
}

/// Returns the CRC-32 of a part of a PNG file.
#[cfg(test)]
pub fn png_checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}
