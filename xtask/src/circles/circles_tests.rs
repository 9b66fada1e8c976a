//! Tests of the search for cycles, with small crates in temporary folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{circles_of, faults, roots};

/// A folder that is deleted when the test ends.
struct Crate(PathBuf);

impl Crate {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("circles-{}-{number}", std::process::id()));
        for (file, text) in files {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Self(folder)
    }

    /// Returns the files of each cycle.
    fn circles(&self) -> Vec<Vec<String>> {
        let circles = circles_of(&self.0, Path::new("lib.rs")).unwrap();
        let name = |file: &PathBuf| file.display().to_string();
        circles
            .iter()
            .map(|circle| circle.files.iter().map(name).collect())
            .collect()
    }

    fn told(&self, known: &[&[&str]]) -> String {
        let known: Vec<BTreeSet<_>> = known
            .iter()
            .map(|files| files.iter().map(PathBuf::from).collect())
            .collect();
        faults(&circles_of(&self.0, Path::new("lib.rs")).unwrap(), &known)
    }
}

impl Drop for Crate {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn two_siblings_that_use_each_other_are_a_circle_told_with_its_lines() {
    let it = Crate::new(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::Lower;\n\npub struct Upper(Lower);\n"),
        (
            "b.rs",
            "pub struct Lower;\nfn up() -> super::a::Upper { todo!() }\n",
        ),
    ]);
    assert_eq!(it.circles(), [["a.rs", "b.rs"]]);
    let told = it.told(&[]);
    assert!(told.contains("a.rs:1 uses `Lower` of b.rs"), "{told}");
    assert!(told.contains("b.rs:2 uses `Upper` of a.rs"), "{told}");
}

#[test]
fn a_circle_through_three_files_and_a_re_export_is_found() {
    let it = Crate::new(&[
        ("lib.rs", "mod a;\nmod b;\nmod room;\n"),
        (
            "a.rs",
            "pub struct A;\nuse crate::b;\nfn f() { b::run::<A>(&[]) }\n",
        ),
        ("b.rs", "pub fn run<T>(_: &[T]) { crate::room::inner(); }\n"),
        (
            "room/mod.rs",
            "mod deep;\npub(crate) use deep::{inner as other, inner};\n",
        ),
        (
            "room/deep.rs",
            "pub(crate) fn inner() { let _ = crate::a::A; }\n",
        ),
    ]);
    assert_eq!(it.circles(), [["a.rs", "b.rs", "room/deep.rs"]]);
}

#[test]
fn a_child_that_uses_what_its_parent_defines_is_a_circle_if_the_parent_uses_the_child() {
    let parent = |uses: &str| format!("mod child;\n{uses}\npub(crate) struct Parents;\n");
    let child = "use super::Parents;\npub(crate) fn work(_: Parents) {}\n";
    let lib = ("lib.rs", "mod parent;\n");
    let circle = Crate::new(&[
        lib,
        ("parent.rs", &parent("fn f() { child::work(Parents) }")),
        ("parent/child.rs", child),
    ]);
    assert_eq!(circle.circles(), [["parent/child.rs", "parent.rs"]]);
    let none = Crate::new(&[
        lib,
        ("parent.rs", &parent("pub(crate) use child::work;")),
        ("parent/child.rs", child),
    ]);
    assert_eq!(none.circles(), [[""; 0]; 0]);
}

#[test]
fn what_a_parent_re_exports_and_uses_itself_counts() {
    let it = Crate::new(&[
        (
            "lib.rs",
            "mod child;\npub use child::work;\npub struct Top;\nfn f() { work(Top) }\n",
        ),
        ("child.rs", "pub fn work(_: crate::Top) {}\n"),
    ]);
    assert_eq!(it.circles(), [["child.rs", "lib.rs"]]);
    assert!(it.told(&[]).contains("lib.rs:4 uses `work` of child.rs"));
}

#[test]
fn siblings_that_reach_each_other_through_their_parents_re_exports_are_no_circle_with_it() {
    let it = Crate::new(&[
        ("lib.rs", "mod room;\n"),
        (
            "room/mod.rs",
            "mod a;\nmod b;\npub(crate) use a::A;\npub(crate) use b::B;\n",
        ),
        ("room/a.rs", "use super::B;\npub(crate) struct A(B);\n"),
        ("room/b.rs", "pub(crate) struct B;\n"),
    ]);
    assert_eq!(it.circles(), [[""; 0]; 0]);
}

#[test]
fn tests_comments_strings_fields_and_other_crates_make_no_circle() {
    let it = Crate::new(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "pub struct A { pub b: u8 }\npub fn b() {}\n"),
        (
            "b.rs",
            r#"
//! Not crate::b::B.
use crate::a::A;
use std::fmt::Debug;
pub struct B<'a>(&'a str);
fn f(it: &A) -> impl Debug { (it.b, "crate::b::B", '"') }
#[cfg(test)]
mod tests { use super::B; fn f(_: B<'_>) {} }
"#,
        ),
        ("unused.rs", "use crate::b::B;"),
    ]);
    assert_eq!(it.circles(), [[""; 0]; 0]);
    let tests = Crate::new(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        (
            "a.rs",
            "#[cfg(test)]\nuse crate::b::B;\n#[cfg(all(test, unix))]\n#[path = \"a_tests.rs\"]\nmod a_tests;\n\
             pub struct A {\n  #[cfg(test)]\n  pub(super) hits: Vec<crate::b::B>,\n  pub(super) name: u8,\n}\n",
        ),
        ("b.rs", "use crate::a::A;\npub struct B(A);\n"),
    ]);
    assert_eq!(tests.circles(), [[""; 0]; 0]);
}

#[test]
fn a_path_through_a_module_does_not_mean_a_function_of_the_same_name() {
    let it = Crate::new(&[
        ("lib.rs", "mod room;\n"),
        (
            "room/mod.rs",
            "mod part;\nmod user;\npub fn part() { user::work() }\n",
        ),
        ("room/part.rs", "pub struct Part;\n"),
        (
            "room/user.rs",
            "use super::part::Part;\npub fn work() { drop(Part) }\n",
        ),
    ]);
    assert_eq!(it.circles(), [[""; 0]; 0]);
}

#[test]
fn a_glob_import_is_looked_through() {
    let it = Crate::new(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::*;\npub struct A;\nfn f(_: B) {}\n"),
        ("b.rs", "pub struct B(crate::a::A);\n"),
    ]);
    assert_eq!(it.circles(), [["a.rs", "b.rs"]]);
}

#[test]
fn a_known_circle_may_stay_but_not_grow_and_leaves_the_list_when_it_is_gone() {
    let it = Crate::new(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "pub struct A(crate::b::B);\n"),
        ("b.rs", "pub struct B(Box<crate::a::A>);\n"),
    ]);
    assert_eq!(it.told(&[&["a.rs", "b.rs"]]), "");
    let smaller = it.told(&[&["a.rs", "b.rs", "c.rs"]]);
    assert!(smaller.contains("a cycle of 2 files"), "{smaller}");
    assert!(smaller.contains("no longer exists"), "{smaller}");
}

#[test]
fn the_crates_are_the_members_of_the_workspace() {
    let it = Crate::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\".\", \"tool\", \"empty\"]\n",
        ),
        ("src/lib.rs", ""),
        ("tool/src/main.rs", ""),
        ("tool/src/lib.rs", ""),
    ]);
    let found = roots(&it.0).unwrap();
    let found: Vec<_> = found.iter().map(|it| it.display().to_string()).collect();
    assert_eq!(
        found,
        ["./src/lib.rs", "tool/src/lib.rs", "tool/src/main.rs"]
    );
}

#[test]
fn a_check_without_crates_fails() {
    for members in [
        "members = [\n    \".\",\n]\n",
        "members = []\n",
        "members = [\"gone\"]\n",
    ] {
        let it = Crate::new(&[("Cargo.toml", members), ("src/lib.rs", "")]);
        let failed = roots(&it.0).is_err();
        assert!(failed, "{members}");
    }
}
