//! The check that starts the worker as far as its state.

use crate::command::{a_crate, build, packed, text};

/// The error of a worker whose `main` does this after its answer to `--help`.
fn error_of(main: &str) -> String {
    let folder = a_crate("", &after_help(main));
    let output = build(folder.path(), &["--profile=dev"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        !folder
            .path()
            .join("target/runpod-image")
            .join("fast")
            .exists()
    );
    said
}

fn after_help(main: &str) -> String {
    format!(
        "fn main() {{ if std::env::args().any(|it| it == \"--help\") {{ println!(\"--test_input\"); return }} {main} }}"
    )
}

#[test]
fn a_worker_that_a_signal_ends_gets_the_signals_name_and_its_last_lines() {
    let said = error_of("println!(\"loading the model\"); std::process::abort()");
    assert!(
        said.contains("the signal SIGABRT ended it: it gave up by itself"),
        "{said}"
    );
    assert!(said.contains("  loading the model\n"), "{said}");
}

#[test]
fn a_state_that_fails_is_an_error_with_the_way_around_it() {
    let said = error_of("eprintln!(\"model/weights: not found\"); std::process::exit(1)");
    assert!(said.contains("does not reach its state"), "{said}");
    assert!(
        said.contains("exit status: 1") && said.contains("  model/weights: not found"),
        "{said}"
    );
    assert!(said.contains("--no-state-check"), "{said}");

    let folder = a_crate("", &after_help("std::process::exit(1)"));
    let output = build(folder.path(), &["--profile=dev", "--no-state-check"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(
        said.contains("NOT checked: whether `main` returns its state (--no-state-check)"),
        "{said}"
    );
}

#[test]
fn the_root_directory_has_the_folders_that_container_engines_provide() {
    let main = "for name in [\"null\", \"zero\", \"urandom\"] { std::fs::File::open(format!(\"/dev/{name}\")).unwrap(); }
        assert_eq!(std::env::current_dir().unwrap().to_str(), Some(\"/app\"));
        assert!(std::fs::read_dir(\"/usr\").is_err());
        assert_eq!(std::env::var(\"GREETING\").as_deref(), Ok(\"good day\"));
        println!(\"The local endpoint is at here\"); loop { std::thread::park() }";
    let folder = a_crate("", &after_help(main));
    let output = build(folder.path(), &["--profile=dev", "--env=GREETING=good day"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("and `main` returns its state."), "{said}");
}

#[test]
fn a_real_worker_reaches_its_state() {
    let room = tempfile::tempdir().unwrap();
    let output = packed(&room.path().join("image"), &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("and `main` returns its state."), "{said}");
}
