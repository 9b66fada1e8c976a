use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{Arguments, Environment, ProcessContext, Settings};
use super::{FitnessSettings, version};

fn resolve(pairs: &[(&str, &str)]) -> Result<FitnessSettings, String> {
    let context = ProcessContext {
        streams: false,
        working_directory: PathBuf::from("/nowhere"),
        volume: PathBuf::from("/volume"),
        temporary: PathBuf::from("/temporary"),
        stdout_is_terminal: false,
    };
    let environment = Environment::of(pairs.iter().copied());
    Settings::resolve(&environment, &Arguments::default(), &context)
        .map(|settings| settings.fitness)
        .map_err(|error| error.to_string())
}

#[test]
fn the_defaults_are_those_of_the_sdk() {
    let fitness = resolve(&[("RUNPOD_RESULT_SPOOL", "off")]).unwrap();
    let expected = FitnessSettings {
        skips_system: false,
        skips_gpu: false,
        min_memory_gb: None,
        min_disk_percent: 10.0,
        disk: PathBuf::from("/temporary"),
        network_address: "8.8.8.8:53".to_owned(),
        network_timeout: Duration::from_secs(5),
        min_cuda_version: (11, 8),
        benchmark_timeout: Duration::from_secs(2),
        gpu_timeout: Duration::from_secs(30),
        gpu_messages: 10,
    };
    assert_eq!(fitness, expected);
}

#[test]
fn every_variable_has_its_effect() {
    let fitness = resolve(&[
        ("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "True"),
        ("RUNPOD_SKIP_GPU_CHECK", "1"),
        ("RUNPOD_MIN_MEMORY_GB", "0.5"),
        ("RUNPOD_MIN_DISK_PERCENT", "2.5"),
        ("RUNPOD_RESULT_SPOOL", "/results"),
        ("RUNPOD_NETWORK_CHECK_ADDRESS", "[::1]:53"),
        ("RUNPOD_NETWORK_CHECK_TIMEOUT", "1"),
        ("RUNPOD_MIN_CUDA_VERSION", "CUDA Version 12.4.1"),
        ("RUNPOD_GPU_BENCHMARK_TIMEOUT", "7"),
        ("RUNPOD_GPU_TEST_TIMEOUT", "8"),
        ("RUNPOD_GPU_MAX_ERROR_MESSAGES", "9"),
    ])
    .unwrap();
    let expected = FitnessSettings {
        skips_system: true,
        skips_gpu: false,
        min_memory_gb: Some(0.5),
        min_disk_percent: 2.5,
        disk: PathBuf::from("/results"),
        network_address: "[::1]:53".to_owned(),
        network_timeout: Duration::from_secs(1),
        min_cuda_version: (12, 4),
        benchmark_timeout: Duration::from_secs(7),
        gpu_timeout: Duration::from_secs(8),
        gpu_messages: 9,
    };
    assert_eq!(fitness, expected);
}

#[test]
fn the_disk_of_a_network_volume_is_not_checked() {
    let fitness = resolve(&[("RUNPOD_ENDPOINT_ID", "ep")]).unwrap();
    assert_eq!(fitness.disk, Path::new("/temporary/runpod-spool-ep"));
}

#[test]
fn every_value_that_is_wrong_is_reported_with_its_variable() {
    let wrong = [
        ("RUNPOD_MIN_MEMORY_GB", "4GB"),
        ("RUNPOD_MIN_DISK_PERCENT", "110"),
        ("RUNPOD_NETWORK_CHECK_ADDRESS", "8.8.8.8"),
        ("RUNPOD_NETWORK_CHECK_TIMEOUT", "0"),
        ("RUNPOD_MIN_CUDA_VERSION", "latest"),
        ("RUNPOD_GPU_BENCHMARK_TIMEOUT", "2.5"),
        ("RUNPOD_GPU_TEST_TIMEOUT", "soon"),
        ("RUNPOD_GPU_MAX_ERROR_MESSAGES", "0"),
    ];
    let error = resolve(&wrong).unwrap_err();
    for (variable, value) in wrong {
        let fault = format!("\n  - {variable}: found \"{value}\"; expected ");
        assert!(error.contains(&fault), "{variable} in {error}");
    }
    assert_eq!(error.lines().count(), 1 + wrong.len(), "{error}");
}

#[test]
fn a_version_is_found_in_the_text_around_it() {
    assert_eq!(version("12.4"), Some((12, 4)));
    assert_eq!(version("12"), Some((12, 0)));
    assert_eq!(version("release 11.8, V11.8.89"), Some((11, 8)));
    for text in ["", "v", "12.", "12.x", "99999999999.1"] {
        assert_eq!(version(text), None, "{text}");
    }
}
