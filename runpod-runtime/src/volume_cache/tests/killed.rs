pub(in crate::volume_cache) fn step() {}
