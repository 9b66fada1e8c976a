//! What the compiler says of a wrong handler, and what it takes.
//!
//! `tests/ui/fail` is the catalogue of mistakes, each with its message as rustc prints it; `tests/ui/pass` are forms that
//! have to work. After a change of a message, `TRYBUILD=overwrite cargo test --test ui` writes them anew: read the
//! difference as somebody who has just made that mistake. `cargo test --test ui -- mistakes trybuild=NAME` looks at the cases
//! whose file names contain `NAME`.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Every accepted form is linked, which takes half the time and a quarter of the disk without debug information.
const DEBUG_INFO: (&str, &str) = ("CARGO_PROFILE_DEV_DEBUG", "0");

/// One test for both folders: it builds our crates for itself, which takes longer than all of the cases.
#[test]
fn mistakes_are_explained_and_accepted_forms_work() {
    if env::var(DEBUG_INFO.0).as_deref() != Ok(DEBUG_INFO.1) {
        // trybuild hands its environment on to cargo, and a process cannot change its own safely.
        let itself = env::current_exe().expect("a test has a path");
        let mut again = Command::new(itself);
        // With what was asked for: `mistakes trybuild=two_inputs` looks at that case alone.
        again.args(env::args_os().skip(1));
        again.arg("--nocapture").env(DEBUG_INFO.0, DEBUG_INFO.1);
        let status = again.status().expect("the test is started again");
        assert!(status.success(), "the cases above");
        return;
    }

    // Accepted forms are run as well. A worker that is started with nothing runs the job in this file.
    let here = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild/runpod-worker");
    fs::create_dir_all(&here).expect("the folder in which trybuild runs what it has built");
    fs::write(
        here.join("test_input.json"),
        r#"{"id": "ui", "input": {"name": "Ada", "count": 2}}"#,
    )
    .expect("the test job");

    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
