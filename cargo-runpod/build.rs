//! Rebuilds this crate when an embedded template is added, changed or removed.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
