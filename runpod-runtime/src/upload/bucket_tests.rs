//! The settings of a bucket: what is read, and what is refused.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn resolved(endpoint: &str) -> Result<Destination, String> {
    let bucket = Bucket::new(endpoint, "id", "the-secret-key").name("results");
    bucket.resolve().map_err(|cause| cause.to_string())
}

#[test]
fn the_bucket_is_the_first_part_of_the_path() {
    let table = [
        ("https://s3.example.com", "https://s3.example.com/results/"),
        (
            " https://s3.example.com/ ",
            "https://s3.example.com/results/",
        ),
        (
            "https://s3.example.com/base",
            "https://s3.example.com/base/results/",
        ),
        (
            "https://photos.nyc3.digitaloceanspaces.com",
            "https://photos.nyc3.digitaloceanspaces.com/results/",
        ),
        ("http://[::1]:9000", "http://[::1]:9000/results/"),
    ];
    for (endpoint, base) in table {
        assert_eq!(resolved(endpoint).unwrap().s3.base_url().as_str(), base);
    }
}

#[test]
fn a_malformed_endpoint_is_an_error_that_names_its_setting_and_not_its_secrets() {
    let table = [
        ("", "not a URL"),
        ("s3.example.com", "not a URL"),
        ("the-secret-key", "not a URL"),
        ("ftp://s3.example.com", "the scheme `ftp`"),
        ("file:///etc", "the scheme `file`"),
        (
            "https://user:hidden@s3.example.com",
            "a user name or a password",
        ),
        ("https://s3.example.com?key=hidden", "a query"),
    ];
    for (endpoint, part) in table {
        let error = resolved(endpoint).err().unwrap();
        assert!(
            error.starts_with("the endpoint in `Bucket::new`: "),
            "{error}"
        );
        assert!(error.contains(part), "{error}");
        assert!(
            error.contains("https://s3.eu-central-1.amazonaws.com"),
            "{error}"
        );
        assert!(
            !error.contains("hidden") && !error.contains("the-secret-key"),
            "{error}"
        );
    }
    for name in ["a/b", "..", "."] {
        let bucket = Bucket::new("https://s3.example.com", "id", "secret").name(name);
        let error = bucket.resolve().err().unwrap().to_string();
        assert!(error.starts_with("`Bucket::name`: found"), "{error}");
    }
}

#[test]
fn the_environment_gives_all_settings_or_none() {
    let bucket = |pairs: &[(&str, &str)]| {
        let environment = Environment::of(pairs.iter().copied());
        Bucket::of_environment(&environment).map_err(|cause| cause.to_string())
    };
    assert!(bucket(&[]).unwrap().is_none());
    assert!(
        bucket(&[("BUCKET_NAME", "a"), (ENDPOINT, "")])
            .unwrap()
            .is_none()
    );
    let all = [
        (ENDPOINT, "https://s3.example.com"),
        (ACCESS_KEY, "id"),
        (SECRET_KEY, "s"),
    ];
    for missing in 0..3 {
        let mut some = all.to_vec();
        let (variable, _) = some.remove(missing);
        let error = bucket(&some).unwrap_err();
        assert!(
            error.starts_with(&format!("{variable} is not set")),
            "{error}"
        );
    }
    let named = [&all[..], &[("BUCKET_NAME", "b"), ("BUCKET_REGION", "r")]].concat();
    let destination = bucket(&named).unwrap().unwrap().resolve().unwrap();
    assert_eq!((destination.s3.name(), destination.s3.region()), ("b", "r"));
    let error = bucket(&[(ENDPOINT, "x"), (ACCESS_KEY, "id"), (SECRET_KEY, "s")])
        .unwrap()
        .unwrap()
        .resolve();
    assert!(
        error
            .err()
            .unwrap()
            .to_string()
            .starts_with("BUCKET_ENDPOINT_URL: ")
    );
}

#[test]
fn no_key_shows_itself() {
    let bucket = Bucket::new("https://s3.example.com", "AKIA", "the-secret-key");
    assert!(!format!("{bucket:?} {bucket:#?}").contains("the-secret-key"));
}

#[test]
fn the_month_is_written_as_the_python_sdk_writes_it() {
    let november = UNIX_EPOCH + Duration::from_secs(1_795_863_654);
    assert_eq!(month(november), "11-26");
}
