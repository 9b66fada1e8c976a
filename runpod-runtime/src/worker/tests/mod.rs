//! The worker against a platform that answers as a test says, with a clock that stands still whenever nothing happens: half
//! an hour of trouble takes a moment, and pauses are known to the millisecond.

mod delivering;
mod ending;
mod limits;
mod one_line;
mod panicking;
mod stage;
mod taking;
mod waiting;
