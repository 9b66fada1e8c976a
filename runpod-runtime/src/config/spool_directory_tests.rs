use std::path::Path;

use super::*;
use crate::config::environment::Environment;

fn spools(environment: &[(&str, &str)]) -> Vec<SpoolDirectory> {
    let environment = Environment::of(
        environment
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    let resolver = Resolver {
        environment: &environment,
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    resolver.spools(&ProcessContext {
        streams: false,
        working_directory: PathBuf::from("/working"),
        volume: PathBuf::from("/volume"),
        temporary: PathBuf::from("/temporary"),
        stdout_is_terminal: false,
    })
}

/// Returns the spool directory of a worker without a network volume.
fn spool(environment: &[(&str, &str)]) -> PathBuf {
    let last = spools(environment).pop().unwrap();
    assert_eq!(last.volume, None);
    last.path
}

#[test]
fn the_spool_is_where_it_survives_longest_and_else_where_it_can_be() {
    let volume = PathBuf::from("/volume");
    assert_eq!(
        spools(&[("RUNPOD_ENDPOINT_ID", "ep")]),
        [
            SpoolDirectory {
                path: volume.join(".runpod-spool/ep"),
                volume: Some(volume.clone()),
            },
            SpoolDirectory {
                path: PathBuf::from("/temporary/runpod-spool-ep"),
                volume: None,
            }
        ]
    );
    assert_eq!(
        spools(&[("RUNPOD_ENDPOINT_ID", "..")])[0].path,
        volume.join(".runpod-spool/%2E%2E")
    );
    assert_eq!(
        spools(&[("RUNPOD_ENDPOINT_ID", "../x")])[0].path,
        volume.join(".runpod-spool/%2E%2E%2Fx")
    );
    let given = spools(&[("RUNPOD_RESULT_SPOOL", "/var/spool/x")]);
    assert_eq!(
        given,
        [SpoolDirectory {
            path: PathBuf::from("/var/spool/x"),
            volume: None,
        }]
    );
    assert!(spools(&[("RUNPOD_RESULT_SPOOL", "OFF")]).is_empty());
}

#[test]
fn without_an_endpoint_id_workers_of_the_same_platform_share_a_spool_and_no_others_do() {
    let of = |take: &str, pod: &str| spool(&[(TAKE, take), ("RUNPOD_POD_ID", pod)]);
    let ours = of("https://h.io/v2/ep/job-take/$ID?gpu=A&key=SECRET", "w1");
    let name = ours.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("runpod-spool-h.io-"), "{name}");
    assert!(!name.contains("SECRET"), "{name}");
    // The URLs of the same endpoint for other workers.
    for (take, pod) in [
        ("https://h.io/v2/ep/job-take/$ID?gpu=B", "w2"),
        ("https://h.io/v2/ep/job-take/$RUNPOD_POD_ID", "w3"),
        ("https://h.io:443/v2/ep/job-take/w4#part", "w4"),
        ("https://H.IO/v2/ep/job-take/a%20b", "a b"),
    ] {
        assert_eq!(of(take, pod), ours, "{take}");
    }
    for take in [
        "https://h.io/v2/other/job-take/$ID",
        "https://other.io/v2/ep/job-take/$ID",
        "https://h.io:8443/v2/ep/job-take/$ID",
        "http://h.io/v2/ep/job-take/$ID",
    ] {
        assert_ne!(of(take, "w1"), ours, "{take}");
    }
}

#[test]
fn the_name_made_from_an_address_is_one_part_of_a_path_and_short_enough_for_a_file_system() {
    let host = vec!["x".repeat(60); 4].join(".");
    for take in [
        format!("https://{host}/job-take/$ID"),
        "https://../job-take/$ID".to_owned(),
        "http://[::1]:8000/job-take/$ID".to_owned(),
        "no address".to_owned(),
    ] {
        let spool = spool(&[(TAKE, &take)]);
        assert_eq!(spool.parent(), Some(Path::new("/temporary")), "{take}");
        assert!(spool.file_name().unwrap().len() < 200, "{take}");
    }
}
