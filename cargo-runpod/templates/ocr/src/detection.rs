//! Finds lines of text: the image becomes the model's input, and the model's map of text becomes rectangles.

use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use crate::picture::Picture;
use crate::rectangle::{Rectangle, areas};

/// The corners of a line of text, as `[x, y]` in pixels, clockwise from the start of the line.
pub type Quad = [[f32; 2]; 4];

/// The model gets an image whose shorter side has this length, unless the longer side would become too long.
const SHORT_SIDE: f32 = 736.0;
const LONG_SIDE: f32 = 2000.0;

/// A pixel of the map belongs to text from this probability on.
const TEXT: f32 = 0.3;

/// The mean probability that the area of a line needs.
const LINE: f32 = 0.5;

/// How far the model's areas, which are smaller than the text, are enlarged.
const ENLARGE: f64 = 1.6;

/// The largest number of lines. It bounds the time of a job.
const MAX_LINES: usize = 1000;

/// Returns the model's input. Its sides are multiples of 32, which the network requires.
pub fn input(picture: &Picture) -> NdTensor<f32, 4> {
    let (width, height) = picture.size();
    let (short, long) = (width.min(height) as f32, width.max(height) as f32);
    let scale = (SHORT_SIDE / short).max(1.0).min(LONG_SIDE / long);
    let side =
        |len: u32| ((((len as f32 * scale) as usize) as f32 / 32.0).round() as usize * 32).max(32);
    let (columns, rows) = (side(width), side(height));
    let (across, down) = (width as f32 / columns as f32, height as f32 / rows as f32);
    let mut input = NdTensor::zeros([1, 3, rows, columns]);
    for row in 0..rows {
        for column in 0..columns {
            let x = (column as f32 + 0.5) * across - 0.5;
            let y = (row as f32 + 0.5) * down - 0.5;
            for (channel, value) in picture.at(x, y).into_iter().enumerate() {
                input[[0, channel, row, column]] = value;
            }
        }
    }
    input
}

/// Returns the lines of text in the model's map, in reading order. `size` is that of the image.
pub fn lines(map: NdTensorView<f32, 2>, size: (u32, u32)) -> Vec<Quad> {
    let [rows, columns] = map.shape();
    // Each pixel of text also marks its neighbours to the right and below, which closes gaps.
    let text = |row: usize, column: usize| map[[row, column]] > TEXT;
    let mask = NdTensor::from_fn([rows, columns], |[row, column]| {
        let (above, before) = (row.saturating_sub(1), column.saturating_sub(1));
        text(row, column) || text(above, column) || text(row, before) || text(above, before)
    });
    let mut quads = Vec::new();
    for area in &areas(mask.view()) {
        if quads.len() == MAX_LINES {
            tracing::warn!("found more than {MAX_LINES} lines; the others are left out");
            break;
        }
        let rectangle = Rectangle::around(area);
        let [width, height] = rectangle.sides();
        if width.min(height) < 3.0 || mean(&map, &rectangle) < LINE {
            continue;
        }
        let distance = rectangle.size() * ENLARGE / (2.0 * (width + height));
        let corners = rectangle.grown(distance).corners();
        let quad =
            clockwise(corners.map(|[x, y]| [scaled(x, columns, size.0), scaled(y, rows, size.1)]));
        if distance_of(quad[0], quad[1]) > 3.0 && distance_of(quad[0], quad[3]) > 3.0 {
            quads.push(quad);
        }
    }
    in_reading_order(quads)
}

/// Returns the position in the image for a position in the map.
fn scaled(position: f64, len: usize, wanted: u32) -> f32 {
    let position = (position / len as f64 * f64::from(wanted)).round();
    position.clamp(0.0, f64::from(wanted - 1)) as f32
}

/// Returns the mean of the map inside a rectangle.
fn mean(map: &NdTensorView<f32, 2>, rectangle: &Rectangle) -> f32 {
    let corners = rectangle.corners();
    let range = |axis: usize, len: usize| {
        let positions = corners.map(|corner| corner[axis]);
        let least = positions.into_iter().fold(f64::INFINITY, f64::min);
        let most = positions.into_iter().fold(0.0, f64::max);
        (least.floor().max(0.0) as usize)..=(most.ceil() as usize).min(len - 1)
    };
    let [rows, columns] = map.shape();
    let (mut sum, mut count) = (0.0, 0.0);
    for row in range(1, rows) {
        for column in range(0, columns) {
            if rectangle.contains(column, row) {
                sum += map[[row, column]];
                count += 1.0;
            }
        }
    }
    if count == 0.0 { 0.0 } else { sum / count }
}

/// Sorts corners: of the two on the left, the upper one comes first, and then the upper one of the two on the right.
fn clockwise(mut corners: Quad) -> Quad {
    corners.sort_by(|one, other| one[0].total_cmp(&other[0]));
    let [a, b, c, d] = corners;
    let sorted = |one: [f32; 2], other: [f32; 2]| {
        if one[1] <= other[1] {
            (one, other)
        } else {
            (other, one)
        }
    };
    let (top_left, bottom_left) = sorted(a, b);
    let (top_right, bottom_right) = sorted(c, d);
    [top_left, top_right, bottom_right, bottom_left]
}

pub fn distance_of(one: [f32; 2], other: [f32; 2]) -> f32 {
    (one[0] - other[0]).hypot(one[1] - other[1])
}

/// Sorts from top to bottom. Lines that start less than 10 pixels below the last one are next to it, and are sorted
/// from left to right.
fn in_reading_order(mut quads: Vec<Quad>) -> Vec<Quad> {
    quads.sort_by(|one, other| one[0][1].total_cmp(&other[0][1]));
    let rows = quads.chunk_by_mut(|one, other| other[0][1] - one[0][1] < 10.0);
    rows.for_each(|row| row.sort_by(|one, other| one[0][0].total_cmp(&other[0][0])));
    quads
}
