//! A worker that reads the text in an image: lines of text with their places, and the image with these places drawn.

mod detection;
mod model;
mod picture;
mod recognition;
mod rectangle;

use std::time::Instant;

use runpod::prelude::*;

use crate::detection::Quad;
use crate::model::Model;
use crate::picture::Picture;

/// An error with any cause. The worker's log and the failed job contain its text.
type Error = Box<dyn std::error::Error + Send + Sync>;

// Runs once. The model that it returns is the state, which handlers take as `State<Model>`. If it returns an `Err`, the
// worker exits before it takes a job. One image uses all cores, so the worker has no `concurrency`.
#[runpod::main]
fn main() -> Result<Model, Error> {
    let start = Instant::now();
    let folder = model::folder();
    let model = Model::load(&folder)?;
    tracing::info!(
        "loaded the models in {} in {:.2} s",
        folder.display(),
        start.elapsed().as_secs_f32()
    );
    Ok(model)
}

/// The `input` of a job. If an input does not match this type, the job fails, and the error names the field.
#[derive(Deserialize)]
struct Request {
    /// A PNG or JPEG image: a URL, a data URL, or base64.
    image: String,
    /// Whether the output contains the image with the places of the lines.
    #[serde(default)]
    draw: bool,
    /// Lines with a lower score are left out.
    #[serde(default = "Request::default_min_score")]
    min_score: f32,
}

impl Request {
    fn default_min_score() -> f32 {
        0.5
    }

    /// Returns the image as a URL.
    fn url(&self) -> String {
        if self.image.starts_with("data:") || self.image.contains("://") {
            self.image.clone()
        } else {
            format!("data:;base64,{}", self.image)
        }
    }
}

#[derive(Serialize)]
struct Output {
    width: u32,
    height: u32,
    /// From top to bottom, and from left to right.
    lines: Vec<Line>,
    /// A data URL of a JPEG image.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
}

#[derive(Serialize)]
struct Line {
    text: String,
    /// The mean probability of the characters.
    score: f32,
    /// The corners in pixels, as `[x, y]`, clockwise from the start of the line.
    corners: Quad,
}

// A plain `fn`, because a model blocks its thread.
#[runpod::handler]
fn read(request: Request, ctx: JobContext, model: State<Model>) -> Result<Output, Error> {
    let begin = Instant::now();
    let file = ctx
        .download(&request.url())
        .wait()
        .map_err(|error| format!("input.image: expected a URL, a data URL or base64: {error}"))?;
    let picture = Picture::open(file.path())?;
    let quads = model.detect(&picture)?;
    let mut lines = Vec::new();
    for (done, corners) in quads.iter().enumerate() {
        // A cancelled job stops here, at most one line later.
        if ctx.is_cancelled() {
            return Err("the job was cancelled".into());
        }
        ctx.progress(json!({ "lines": done, "of": quads.len() }));
        let (text, score) = model.recognise(&picture, corners)?;
        if score >= request.min_score && !text.trim().is_empty() {
            let corners = *corners;
            lines.push(Line {
                text,
                score,
                corners,
            });
        }
    }
    tracing::info!(
        "found {} lines in {:.2} s",
        lines.len(),
        begin.elapsed().as_secs_f32()
    );
    let (width, height) = picture.size();
    let image = if request.draw {
        Some(picture.drawn(lines.iter().map(|line| &line.corners))?)
    } else {
        None
    };
    Ok(Output {
        width,
        height,
        lines,
        image,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use image::{ImageFormat, Rgb, RgbImage};
    use runpod::testing::{self, Report};

    use super::*;

    /// Returns the base64 of a white image with black bars.
    fn bars(bars: &[(u32, u32, u32, u32)]) -> String {
        let mut image = RgbImage::from_pixel(320, 160, Rgb([255; 3]));
        for &(left, top, right, bottom) in bars {
            for y in top..bottom {
                for x in left..right {
                    image.put_pixel(x, y, Rgb([0; 3]));
                }
            }
        }
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        STANDARD.encode(bytes.into_inner())
    }

    /// Runs the handler with a model that takes dark areas for text, and that reads "dark" or "light" in them.
    async fn read_in(input: Value) -> Report {
        testing::Job::new(input)
            .state(Model::darkness())
            .blocking(read)
            .await
    }

    async fn error(input: Value) -> String {
        let report = read_in(input).await;
        report.error.expect("the job fails")
    }

    #[tokio::test]
    async fn lines_are_in_reading_order_with_their_places() {
        let image = bars(&[(200, 20, 300, 40), (20, 22, 120, 42), (20, 100, 200, 120)]);
        let output = read_in(json!({ "image": image })).await.output.unwrap();
        assert_eq!(
            (&output["width"], &output["height"]),
            (&json!(320), &json!(160))
        );
        let lines = output["lines"].as_array().unwrap();
        let starts: Vec<_> = lines.iter().map(|line| &line["corners"][0]).collect();
        assert_eq!(lines.len(), 3, "{output}");
        // The place of a line is larger than the area that the model marks.
        for (start, (x, y)) in starts.iter().zip([(20, 22), (200, 20), (20, 100)]) {
            let near =
                |found: &Value, at: i64| (at - 20..=at).contains(&(found.as_f64().unwrap() as i64));
            assert!(near(&start[0], x) && near(&start[1], y), "{start} {x} {y}");
        }
        assert_eq!(lines[0]["text"], "dark");
        assert!(output.get("image").is_none());
    }

    #[tokio::test]
    async fn an_image_without_text_has_no_lines() {
        let output = read_in(json!({ "image": bars(&[]), "draw": true }))
            .await
            .output
            .unwrap();
        assert_eq!(output["lines"], json!([]));
        assert!(
            output["image"]
                .as_str()
                .unwrap()
                .starts_with("data:image/jpeg;base64,")
        );
    }

    #[tokio::test]
    async fn the_drawn_image_has_a_frame_around_each_line() {
        let input = json!({ "image": bars(&[(20, 100, 200, 120)]), "draw": true });
        let output = read_in(input).await.output.unwrap();
        let url = output["image"].as_str().unwrap();
        let bytes = STANDARD.decode(url.split_once(',').unwrap().1).unwrap();
        let drawn = image::load_from_memory(&bytes).unwrap().to_rgb8();
        let red = |pixel: &&Rgb<u8>| pixel[0] > 150 && pixel[1] < 110;
        assert!(drawn.pixels().filter(red).count() > 300);
    }

    #[tokio::test]
    async fn lines_with_a_low_score_are_left_out() {
        let input = json!({ "image": bars(&[(20, 100, 200, 120)]), "min_score": 1.1 });
        assert_eq!(read_in(input).await.output.unwrap()["lines"], json!([]));
    }

    #[tokio::test]
    async fn a_file_that_is_not_an_image_fails_the_job() {
        let error = error(json!({ "image": STANDARD.encode("%PDF-1.7 a document") })).await;
        assert!(error.contains("not a PNG or JPEG image"), "{error}");
    }

    #[tokio::test]
    async fn an_image_that_is_cut_off_fails_the_job() {
        let mut bytes = STANDARD.decode(bars(&[(20, 100, 200, 120)])).unwrap();
        bytes.truncate(bytes.len() / 2);
        let error = error(json!({ "image": STANDARD.encode(bytes) })).await;
        assert!(error.contains("input.image cannot be decoded"), "{error}");
    }

    #[tokio::test]
    async fn an_image_with_too_many_pixels_is_refused_before_it_is_decoded() {
        // The size in the header of a PNG file. Nothing else follows, so the error shows that the pixels were not read.
        let mut bytes = STANDARD.decode(bars(&[])).unwrap();
        bytes[16..20].copy_from_slice(&50_000_u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&50_000_u32.to_be_bytes());
        // The checksum of the header follows the header.
        let sum = picture::png_checksum(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        let error = error(json!({ "image": STANDARD.encode(bytes) })).await;
        assert!(error.contains("found 50000 × 50000 pixels"), "{error}");
    }

    #[tokio::test]
    async fn text_that_is_neither_a_url_nor_base64_fails_the_job() {
        let error = error(json!({ "image": "my image.png" })).await;
        assert!(error.contains("base64"), "{error}");
    }
}
