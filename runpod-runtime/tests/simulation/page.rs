//! Compares generated tables and plots with the files in `docs`, or writes them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

/// Held while a page is read and written, because tests run at the same time.
static PAGE: Mutex<()> = Mutex::new(());

/// Checks that the page contains `table` between the markers with this name. Writes the table if `SNAPSHOTS=overwrite`.
pub(crate) fn table(page: &str, name: &str, table: &str) {
    let _one_at_a_time = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = docs().join(page);
    let text = fs::read_to_string(&path).expect("the page exists");
    let (begin, end) = (
        format!("<!-- begin {name} -->\n"),
        format!("<!-- end {name} -->"),
    );
    let (before, rest) = text.split_once(&begin).expect("the page has the marker");
    let (old, after) = rest.split_once(&end).expect("the page has the end marker");
    let new = format!("\n{table}\n");
    if overwrites() {
        fs::write(&path, format!("{before}{begin}{new}{end}{after}"))
            .expect("the page is writable");
    } else {
        assert_eq!(old, new, "{page} has another table; {HOW}");
    }
}

/// Writes a table that differs from run to run, if `SNAPSHOTS=overwrite`.
#[cfg(feature = "local")]
pub(crate) fn record(page: &str, name: &str, measured: &str) {
    if overwrites() {
        table(page, name, measured);
    }
}

/// Checks that a file has this content, or writes it.
pub(crate) fn file(name: &str, content: &str) {
    let path = docs().join(name);
    if overwrites() {
        fs::write(&path, content).expect("the file is writable");
    } else {
        let old = fs::read_to_string(&path).unwrap_or_default();
        assert!(old == content, "{name} differs; {HOW}");
    }
}

const HOW: &str = "run `SNAPSHOTS=overwrite cargo test --workspace --all-features --test simulation -- --include-ignored`";

fn overwrites() -> bool {
    env::var("SNAPSHOTS").is_ok_and(|it| it == "overwrite")
}

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}
