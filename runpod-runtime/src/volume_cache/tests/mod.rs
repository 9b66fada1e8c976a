//! Tests of the cache on real directories. `tests/volume_cache` of the facade crate runs the Python SDK.

pub(super) mod killed;
