//! Tests of the cache that need its inside. `tests/volume_cache` of the facade crate runs the Python SDK, and tests bad
//! input.

pub(super) mod killed;
