//! Tests of the worker against a platform whose answers each test defines. The clock is paused, and advances only
//! when every task is waiting. So half an hour of trouble takes a moment, and pauses are exact to the millisecond.

mod auto;
mod batching;
mod delivering;
mod ending;
mod failed_start;
mod limits;
mod one_line;
mod panicking;
mod stage;
mod taking;
mod too_large;
mod waiting;
