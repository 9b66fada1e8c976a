//! Tests the compiler's errors for wrong handlers, and the forms of handlers that must compile.
//!
//! `tests/ui/fail` contains mistakes, each with the errors that rustc prints. `tests/ui/pass` contains programs that
//! must compile and run. After you change a message, run `TRYBUILD=overwrite cargo test --test ui` to rewrite the
//! errors. Then read the difference as if you were a user who has just made the mistake. `cargo test --test ui --
//! mistakes trybuild=NAME` runs only the cases whose file names contain `NAME`.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Each program in `tests/ui/pass` is linked. Without debug information, linking takes half the time and a quarter of
/// the disk space.
const DEBUG_INFO: (&str, &str) = ("CARGO_PROFILE_DEV_DEBUG", "0");

/// One test for both folders, because trybuild builds our crates again, which takes longer than all cases together.
#[test]
fn mistakes_are_explained_and_accepted_forms_work() {
    if env::var(DEBUG_INFO.0).as_deref() != Ok(DEBUG_INFO.1) {
        // trybuild passes its environment to cargo, and a process cannot safely change its own environment.
        let itself = env::current_exe().expect("the test knows its own path");
        let mut again = Command::new(itself);
        // The new process gets the same arguments, because `mistakes trybuild=two_inputs` selects one case.
        again.args(env::args_os().skip(1));
        again.arg("--nocapture").env(DEBUG_INFO.0, DEBUG_INFO.1);
        let status = again.status().expect("the test starts itself again");
        assert!(status.success(), "some of the cases above failed");
        return;
    }

    // trybuild also runs the accepted forms. A worker that starts without arguments runs the job in this file.
    let here = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild/runpod-worker");
    fs::create_dir_all(&here)
        .expect("the folder in which trybuild runs the programs can be created");
    fs::write(
        here.join("test_input.json"),
        r#"{"id": "ui", "input": {"name": "Ada", "count": 2}}"#,
    )
    .expect("the test job can be written");

    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
