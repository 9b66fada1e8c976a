//! The templates are embedded: one that is added, or taken away, has to be noticed.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
