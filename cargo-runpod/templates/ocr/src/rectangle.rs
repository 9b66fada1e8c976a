//! Finds connected areas in a mask, and the smallest rectangle around each, which may be turned.

use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

/// The extent along two axes that are at a right angle.
#[derive(Clone, Copy)]
pub struct Rectangle {
    /// The first axis, of length 1.
    axis: [f64; 2],
    /// The least and the greatest position along the first axis and along the second.
    along: [f64; 2],
    across: [f64; 2],
}

impl Rectangle {
    /// Returns the smallest rectangle around an area. An area that is a point or a line has a side of length 0.
    pub fn around(area: &[[i64; 2]]) -> Self {
        let hull = hull(area);
        let next = hull.iter().cycle().skip(1);
        let rectangles = hull.iter().zip(next).map(|(from, to)| {
            // One side of the smallest rectangle is on a side of the hull.
            let side = [(to[0] - from[0]) as f64, (to[1] - from[1]) as f64];
            let len = side[0].hypot(side[1]);
            let axis = if len == 0.0 {
                [1.0, 0.0]
            } else {
                [side[0] / len, side[1] / len]
            };
            Self::along(axis, &hull)
        });
        let smallest = rectangles.min_by(|one, other| one.size().total_cmp(&other.size()));
        smallest.unwrap_or_else(|| Self::along([1.0, 0.0], &hull))
    }

    fn along(axis: [f64; 2], points: &[[i64; 2]]) -> Self {
        let mut rectangle = Self {
            axis,
            along: [f64::INFINITY, f64::NEG_INFINITY],
            across: [f64::INFINITY, f64::NEG_INFINITY],
        };
        for point in points {
            let [along, across] = rectangle.position(point.map(|it| it as f64));
            rectangle.along = [rectangle.along[0].min(along), rectangle.along[1].max(along)];
            rectangle.across = [
                rectangle.across[0].min(across),
                rectangle.across[1].max(across),
            ];
        }
        rectangle
    }

    /// Returns the position of a point along the two axes.
    fn position(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b] = self.axis;
        [x * a + y * b, y * a - x * b]
    }

    pub fn sides(&self) -> [f64; 2] {
        [self.along, self.across].map(|[least, most]| most - least)
    }

    pub fn size(&self) -> f64 {
        let [width, height] = self.sides();
        width * height
    }

    /// Moves each side away from the centre.
    pub fn grown(&self, distance: f64) -> Self {
        let grown = |[least, most]: [f64; 2]| [least - distance, most + distance];
        Self {
            axis: self.axis,
            along: grown(self.along),
            across: grown(self.across),
        }
    }

    pub fn contains(&self, x: usize, y: usize) -> bool {
        let [along, across] = self.position([x as f64, y as f64]);
        // Points on a side count.
        let within = |[least, most]: [f64; 2], it: f64| (least - 0.01..=most + 0.01).contains(&it);
        within(self.along, along) && within(self.across, across)
    }

    pub fn corners(&self) -> [[f64; 2]; 4] {
        let [a, b] = self.axis;
        let ([left, right], [top, bottom]) = (self.along, self.across);
        [(left, top), (right, top), (right, bottom), (left, bottom)]
            .map(|(along, across)| [along * a - across * b, along * b + across * a])
    }
}

/// Returns the corners of the smallest polygon without dents around the points.
fn hull(points: &[[i64; 2]]) -> Vec<[i64; 2]> {
    let mut points = points.to_vec();
    points.sort_unstable();
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let half = |points: &mut dyn Iterator<Item = &[i64; 2]>| {
        let mut half: Vec<[i64; 2]> = Vec::new();
        for point in points {
            while let [.., before, last] = half[..] {
                let turn = (last[0] - before[0]) * (point[1] - before[1])
                    - (last[1] - before[1]) * (point[0] - before[0]);
                if turn > 0 {
                    break;
                }
                half.pop();
            }
            half.push(*point);
        }
        // The last point is the first one of the other half.
        half.pop();
        half
    };
    let mut all = half(&mut points.iter());
    all.extend(half(&mut points.iter().rev()));
    all
}

/// Returns the connected areas of a mask, each as a list of points `[x, y]`. The list contains only the points at the left
/// and right edges of the area, because the smallest rectangle depends only on them. Points that touch at a corner are
/// connected.
pub fn areas(mask: NdTensorView<bool, 2>) -> Vec<Vec<[i64; 2]>> {
    let [rows, columns] = mask.shape();
    let mut seen: NdTensor<bool, 2> = NdTensor::full([rows, columns], false);
    let mut areas = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            if !mask[[row, column]] || seen[[row, column]] {
                continue;
            }
            seen[[row, column]] = true;
            let (mut open, mut area) = (vec![[row, column]], Vec::new());
            while let Some([y, x]) = open.pop() {
                let inside = |x: usize| x < columns && mask[[y, x]];
                if x == 0 || !inside(x - 1) || !inside(x + 1) {
                    area.push([x as i64, y as i64]);
                }
                for near_y in y.saturating_sub(1)..(y + 2).min(rows) {
                    for near_x in x.saturating_sub(1)..(x + 2).min(columns) {
                        let near = [near_y, near_x];
                        if mask[near] && !seen[near] {
                            seen[near] = true;
                            open.push(near);
                        }
                    }
                }
            }
            areas.push(area);
        }
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rectangle_around_a_turned_area_is_turned_like_it() {
        // A strip of 40 by 10 that is turned by about 37 degrees: (4, 3) / 5 is its direction.
        let mut area = Vec::new();
        for (x, y) in (-50_i64..50).flat_map(|x| (-50_i64..50).map(move |y| (x, y))) {
            let (along, across) = (4 * x + 3 * y, 4 * y - 3 * x);
            if along.abs() <= 100 && across.abs() <= 25 {
                area.push([x, y]);
            }
        }
        let rectangle = Rectangle::around(&area);
        let [one, other] = rectangle.sides();
        assert!((one.max(other) - 40.0).abs() < 1.5 && (one.min(other) - 10.0).abs() < 1.5);
        let far = |[x, y]: [f64; 2]| (x.hypot(y) - 20.0_f64.hypot(5.0)).abs();
        assert!(
            rectangle
                .corners()
                .into_iter()
                .all(|corner| far(corner) < 1.5)
        );
    }

    #[test]
    fn a_long_area_with_one_step_has_a_rectangle_around_all_of_it() {
        let area: Vec<_> = (0..1000).flat_map(|x| [[x, x / 999], [x, 27]]).collect();
        let [one, other] = Rectangle::around(&area).sides();
        assert!(one.min(other) > 26.0, "{one} {other}");
    }

    #[test]
    fn points_and_lines_have_a_side_of_length_0() {
        for area in [&[[3, 4]][..], &[[3, 4], [5, 4]], &[[3, 4], [4, 5], [5, 6]]] {
            assert!(Rectangle::around(area).size() < 1e-9);
        }
    }

    #[test]
    fn areas_that_do_not_touch_are_two() {
        let mask = ["##..", "..#.", "....", "###."].concat();
        let mask = mask.chars().map(|it| it == '#').collect::<Vec<_>>();
        let found = areas(NdTensor::from_data([4, 4], mask).view());
        assert_eq!(found.len(), 2);
        assert_eq!(
            Rectangle::around(&found[1]).sides().map(|it| it.abs()),
            [2.0, 0.0]
        );
    }
}
