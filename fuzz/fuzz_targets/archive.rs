#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| runpod_runtime::fuzzing::archive(data));
