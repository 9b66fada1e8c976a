//! The dep-info file that cargo writes next to a program. It lists every source file of the program, including those of
//! `include_str!` and of path dependencies.

use std::path::{Path, PathBuf};

/// Returns the source files of a program. The list is empty if there is no dep-info file.
pub(super) fn of(executable: &Path) -> Vec<PathBuf> {
    std::fs::read_to_string(executable.with_extension("d"))
        .map(|text| parse(&text))
        .unwrap_or_default()
}

/// Parses make syntax: `program: file file\ with\ spaces …`.
fn parse(text: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in text.lines() {
        let Some((_, list)) = line.split_once(": ") else {
            continue;
        };
        let mut file = String::new();
        let mut characters = list.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' if characters.peek() == Some(&' ') => {
                    characters.next();
                    file.push(' ');
                }
                ' ' => push(&mut files, &mut file),
                _ => file.push(character),
            }
        }
        push(&mut files, &mut file);
    }
    files
}

fn push(files: &mut Vec<PathBuf>, file: &mut String) {
    if !file.is_empty() {
        files.push(std::mem::take(file).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_behind_the_program_and_may_have_spaces() {
        let text = "/t/debug/hello: /w/src/main.rs /w/a\\ b/c.rs  /w/x.txt\n\n# env-dep:A=b\n";
        let expected = ["/w/src/main.rs", "/w/a b/c.rs", "/w/x.txt"];
        assert_eq!(parse(text), expected.map(PathBuf::from));
    }

    #[test]
    fn a_program_without_a_list_has_no_files() {
        assert!(of(Path::new("/nowhere/hello")).is_empty());
    }
}
