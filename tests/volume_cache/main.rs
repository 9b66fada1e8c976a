//! Tests `VolumeCache`: together with the Python SDK, with two processes, and on bad input.

mod bad_input;
mod disk;
mod place;
mod pruning;
mod sdk;
mod several_workers;
mod speed;
mod syncing;
