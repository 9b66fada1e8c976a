//! Reads one line of text: its part of the image becomes the model's input, and the model's output becomes characters.

use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use crate::detection::{Quad, distance_of};
use crate::picture::Picture;

/// The height of the model's input.
const HEIGHT: usize = 48;

/// A shorter line is filled up to this width.
const MIN_WIDTH: usize = 320;

/// A longer line is squeezed.
const MAX_WIDTH: usize = 4800;

/// Returns the model's input. A line that is much higher than wide is turned to the left.
pub fn input(picture: &Picture, quad: &Quad) -> NdTensor<f32, 4> {
    let longer = |a: usize, b: usize, c: usize, d: usize| {
        distance_of(quad[a], quad[b])
            .max(distance_of(quad[c], quad[d]))
            .max(1.0)
    };
    let (mut width, mut height) = (longer(0, 1, 2, 3), longer(0, 3, 1, 2));
    let mut corners = *quad;
    if height.floor() / width.floor() >= 1.5 {
        corners.rotate_left(1);
        (width, height) = (height, width);
    }
    let columns = (HEIGHT as f32 * width.floor() / height.floor()).ceil() as usize;
    let columns = columns.clamp(1, MAX_WIDTH);
    let mut input = NdTensor::zeros([1, 3, HEIGHT, columns.max(MIN_WIDTH)]);
    let [top_left, top_right, bottom_right, bottom_left] = corners;
    for row in 0..HEIGHT {
        let down = (row as f32 + 0.5) / HEIGHT as f32;
        for column in 0..columns {
            let along = (column as f32 + 0.5) / columns as f32;
            let [x, y] = [0, 1].map(|axis| {
                let above = top_left[axis] + (top_right[axis] - top_left[axis]) * along;
                let below = bottom_left[axis] + (bottom_right[axis] - bottom_left[axis]) * along;
                above + (below - above) * down - 0.5
            });
            for (channel, value) in picture.at(x, y).into_iter().enumerate() {
                input[[0, channel, row, column]] = value;
            }
        }
    }
    input
}

/// Returns the text in the model's output, and the mean probability of its characters. Each step of the output has a
/// probability for each character and, first, for "no character". The same character in neighbouring steps is one.
pub fn text(steps: NdTensorView<f32, 2>, characters: &[String]) -> (String, f32) {
    let (mut text, mut sum, mut count, mut last) = (String::new(), 0.0, 0, 0);
    for step in 0..steps.size(0) {
        let values = steps.slice(step);
        let likeliest = values.iter().copied().enumerate();
        let Some((index, probability)) =
            likeliest.max_by(|one: &(usize, f32), other| one.1.total_cmp(&other.1))
        else {
            continue;
        };
        if index != last && index != 0 {
            // A model with more characters than its list is refused when it is loaded.
            text.push_str(characters.get(index - 1).map_or("\u{FFFD}", String::as_str));
            sum += probability;
            count += 1;
        }
        last = index;
    }
    let score = if count == 0 { 0.0 } else { sum / count as f32 };
    (text, score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_characters_are_one_unless_a_step_without_a_character_is_between_them() {
        let characters = ["a", "b"].map(str::to_owned);
        // The likeliest character of each step, and its probability.
        let steps = [(1, 0.9), (1, 0.6), (0, 0.9), (1, 0.7), (2, 0.8)];
        let mut output = NdTensor::zeros([steps.len(), 3]);
        for (step, (index, probability)) in steps.into_iter().enumerate() {
            output[[step, index]] = probability;
        }
        let (text, score) = text(output.view(), &characters);
        assert_eq!(text, "aab");
        assert!((score - 0.8).abs() < 1e-6, "{score}");
    }

    #[test]
    fn no_character_at_all_is_an_empty_text_with_the_score_0() {
        let output = NdTensor::from_data([1, 2], vec![1.0, 0.0]);
        assert_eq!(text(output.view(), &["a".to_owned()]), (String::new(), 0.0));
    }
}
