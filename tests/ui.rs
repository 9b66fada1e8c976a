//! Tests the compiler's errors for wrong handlers.
//!
//! `tests/ui/fail` contains mistakes, each with the errors that rustc prints. After you change a message, run
//! `TRYBUILD=overwrite cargo test --test ui` to rewrite the errors. Then read the difference as if you were a user who
//! has just made the mistake. `cargo test --test ui -- mistakes trybuild=NAME` runs only the cases whose file names
//! contain `NAME`.

use std::env;
use std::process::Command;

/// The flags with which trybuild compiles the cases. By itself, it compiles the dependencies with other flags first, so
/// cargo compiles all of them twice.
const FLAGS: (&str, &str) = (
    "CARGO_ENCODED_RUSTFLAGS",
    "--cfg\x1ftrybuild\x1f--verbose\x1f-A\x1fdead_code\x1f--diagnostic-width=140",
);

/// `tests/accepted.rs` tests the programs that must compile. With one of them in this test, trybuild would not check all
/// cases at once, but build them one after the other.
#[test]
fn mistakes_are_explained() {
    if env::var(FLAGS.0).as_deref() != Ok(FLAGS.1) {
        // trybuild passes its environment to cargo, and a process cannot safely change its own environment.
        let itself = env::current_exe().expect("the test knows its own path");
        let mut again = Command::new(itself);
        // The new process gets the same arguments, because `mistakes trybuild=two_inputs` selects one case.
        again.args(env::args_os().skip(1));
        again.arg("--nocapture").env(FLAGS.0, FLAGS.1);
        let status = again.status().expect("the test starts itself again");
        assert!(status.success(), "some of the cases above failed");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}
