//! Batches: many jobs in one call of a handler.

mod schedule;
