use std::fs;
use std::path::{Path, PathBuf};

use super::{Cause, Places, find};

/// Creates an empty folder with two hubs and the SDK's cache.
fn places() -> (tempfile::TempDir, Places) {
    let root = tempfile::tempdir().unwrap();
    let places = Places {
        hubs: vec![root.path().join("platform"), root.path().join("own")],
        sdk: root.path().join("sdk"),
    };
    (root, places)
}

/// Adds a model to a hub, as Hugging Face's tools do: blobs, and links to them.
fn add(hub: &Path, revision: &str, commit: &str, files: &[(&str, &str)]) -> PathBuf {
    let model = hub.join("models--org--tiny");
    fs::create_dir_all(model.join("refs")).unwrap();
    fs::create_dir_all(model.join("blobs")).unwrap();
    fs::write(model.join("refs").join(revision), commit).unwrap();
    let snapshot = model.join("snapshots").join(commit);
    fs::create_dir_all(&snapshot).unwrap();
    for (name, content) in files {
        let blob = model.join("blobs").join(format!("{commit}-{name}"));
        fs::write(&blob, content).unwrap();
        std::os::unix::fs::symlink(&blob, snapshot.join(name)).unwrap();
    }
    snapshot
}

#[test]
fn the_platforms_cache_is_searched_first_and_the_users_own_last() {
    let (_root, places) = places();
    let own = add(&places.hubs[1], "main", "aaa", &[("config.json", "{}")]);
    assert_eq!(find("org/tiny", &places).unwrap(), own);
    let sdk = places.sdk.join("org/tiny/main");
    fs::create_dir_all(&sdk).unwrap();
    assert_eq!(find("org/tiny", &places).unwrap(), sdk);
    let platform = add(&places.hubs[0], "main", "bbb\n", &[]);
    fs::rename(&platform, platform.with_file_name("bbb")).unwrap();
    assert_eq!(
        find("org/tiny", &places).unwrap(),
        platform.with_file_name("bbb")
    );
}

#[test]
fn a_revision_is_a_reference_or_a_commit() {
    let (_root, places) = places();
    let main = add(&places.hubs[0], "main", "aaa", &[]);
    let next = add(&places.hubs[0], "next", "bbb", &[]);
    assert_eq!(find("org/tiny:next", &places).unwrap(), next);
    assert_eq!(find("org/tiny:aaa", &places).unwrap(), main);
    assert!(find("org/tiny:ccc", &places).is_err());
}

#[test]
fn an_error_names_every_place() {
    let (_root, places) = places();
    let error = find("org/tiny:v2", &places).unwrap_err();
    let Cause::Nowhere(searched) = &error.cause else {
        panic!("{error}");
    };
    assert_eq!(
        *searched,
        [
            places.hubs[0].join("models--org--tiny"),
            places.sdk.join("org/tiny/v2"),
            places.hubs[1].join("models--org--tiny"),
        ]
    );
    assert!(
        error
            .to_string()
            .contains(&places.sdk.display().to_string())
    );
}

#[test]
fn files_that_are_missing_are_named() {
    let (_root, places) = places();
    let index = r#"{"metadata": {}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}"#;
    let snapshot = add(
        &places.hubs[0],
        "main",
        "aaa",
        &[
            ("1.safetensors", "weights"),
            ("model.safetensors.index.json", index),
            ("tokenizer.json", "{}"),
            (
                "vocab.bin",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0",
            ),
            ("broken.index.json", "{"),
        ],
    );
    fs::remove_file(fs::read_link(snapshot.join("tokenizer.json")).unwrap()).unwrap();
    let error = find("org/tiny", &places).unwrap_err();
    let Cause::Incomplete { directory, missing } = error.cause else {
        panic!("{error}");
    };
    assert_eq!(directory, snapshot);
    let starts: Vec<_> = missing
        .iter()
        .map(|it| it.split(['(']).next().unwrap().trim())
        .collect();
    assert_eq!(
        starts,
        [
            "2.safetensors: missing, but model.safetensors.index.json names it",
            "broken.index.json: cannot be read",
            "tokenizer.json: the link leads to no file",
            "vocab.bin: this is a pointer of Git LFS, not the file",
        ]
    );
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let (_root, places) = places();
    for name in [
        "",
        "/",
        "../x",
        "org/..",
        "a/b/c",
        "org/na me",
        "org/tiny:../../x",
        "org/tiny:",
        ":main",
        "org\\x",
    ] {
        assert_eq!(
            find(name, &places).unwrap_err().cause,
            Cause::Name,
            "{name}"
        );
    }
    // A reference whose file names another folder is not followed.
    add(&places.hubs[0], "main", "aaa", &[]);
    fs::write(
        places.hubs[0].join("models--org--tiny/refs/main"),
        "../../../x",
    )
    .unwrap();
    assert!(matches!(
        find("org/tiny", &places).unwrap_err().cause,
        Cause::Nowhere(_)
    ));
}
