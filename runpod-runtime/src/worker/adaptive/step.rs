//! The next limit to try.

use super::bounds::Bounds;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// How far a trial goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// A factor of 2, while the right limit is not known.
    Large,
    /// A factor of about √2, near the right limit.
    Small,
}

/// A step from one limit to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) direction: Direction,
    pub(crate) size: Size,
}

impl Step {
    pub(crate) const fn up(size: Size) -> Self {
        let direction = Direction::Up;
        Self { direction, size }
    }

    pub(crate) const fn down(size: Size) -> Self {
        let direction = Direction::Down;
        Self { direction, size }
    }

    /// Returns the limit after the step. `None` if the bounds allow no step in this direction.
    pub(crate) fn from(self, limit: usize, bounds: Bounds) -> Option<usize> {
        let next = match (self.direction, self.size) {
            (Direction::Up, Size::Large) => limit.saturating_mul(2),
            (Direction::Up, Size::Small) => (limit.saturating_mul(7) / 5).max(limit + 1),
            (Direction::Down, Size::Large) => limit / 2,
            (Direction::Down, Size::Small) => (limit * 5 / 7).min(limit - 1),
        };
        let next = bounds.clamp(next);
        (next != limit).then_some(next)
    }
}
