//! The rules for a worker's name.

/// Names that already mean something else to cargo, to Rust or to the worker's dependencies.
const TAKEN: &[(&str, &[&str])] = &[
    (
        "is a Rust keyword",
        &[
            "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
            "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
            "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override",
            "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
            "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
            "yield",
        ],
    ),
    (
        "is the name of a library that comes with Rust",
        &["alloc", "core", "proc_macro", "std", "test"],
    ),
    (
        "is the name of a folder that cargo creates next to the program",
        &["build", "deps", "examples", "incremental"],
    ),
    (
        "is the name of a device on Windows",
        &[
            "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con",
            "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
        ],
    ),
    (
        "is the name of a package that workers depend on",
        &[
            "runpod",
            "runpod_local",
            "runpod_macros",
            "runpod_runtime",
            "runpod_worker",
            "serde",
            "tokio",
        ],
    ),
];

/// The maximum length. Names of images may be this long, and nobody types more.
const LONGEST: usize = 64;

/// Checks a name. The error reports everything that is wrong with it and suggests a valid name.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let faults = faults(name);
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!(
        "`{name}` cannot be the name of a worker: it {}.
The name is also used for the package, the program and the image. It must begin with a lower-case ASCII letter and \
         contain only lower-case ASCII letters, digits, `-` and `_`. Try `{}`.",
        faults.join(", and "),
        suggestion(name)
    ))
}

fn faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut strange: Vec<char> = Vec::new();
    for letter in name.chars().filter(|letter| !may_be_in_it(*letter)) {
        if !letter.is_ascii_uppercase() && !strange.contains(&letter) {
            strange.push(letter);
        }
    }
    if name
        .chars()
        .next()
        .is_some_and(|first| may_be_in_it(first) && !first.is_ascii_lowercase())
    {
        let first = name.chars().next().unwrap_or_default();
        faults.push(format!("begins with {first:?}"));
    }
    if name.contains(|letter: char| letter.is_ascii_uppercase()) {
        faults.push("contains capital letters".to_owned());
    }
    if !strange.is_empty() {
        let strange: Vec<_> = strange.iter().map(|letter| format!("{letter:?}")).collect();
        faults.push(format!("contains {}", strange.join(" ")));
    }
    if name.chars().count() > LONGEST {
        faults.push(format!("has more than {LONGEST} characters"));
    }
    if let Some(reason) = taken(name) {
        faults.push(reason.to_owned());
    }
    faults
}

fn may_be_in_it(letter: char) -> bool {
    matches!(letter, 'a'..='z' | '0'..='9' | '-' | '_')
}

/// Returns why a name is taken. Rust and cargo treat `-` and `_` as the same, and Windows ignores case.
fn taken(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    TAKEN
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()))
        .map(|(reason, _)| *reason)
}

/// Returns a valid name that keeps as much of `name` as possible.
fn suggestion(name: &str) -> String {
    let kept: String = name
        .to_ascii_lowercase()
        .chars()
        .map(|letter| if may_be_in_it(letter) { letter } else { '-' })
        .collect();
    let words: Vec<_> = kept.split('-').filter(|word| !word.is_empty()).collect();
    let mut kept = words.join("-");
    kept.truncate(LONGEST / 2);
    let kept = kept.trim_matches(['-', '_']);
    match kept.chars().next() {
        None => "my-worker".to_owned(),
        Some('a'..='z') if taken(kept).is_none() => kept.to_owned(),
        Some(_) => format!("my-{kept}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_fine() {
        for name in ["a", "my-worker", "whisper_2", "x-", "builder", "tests"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn all_faults_of_a_name_are_told_together() {
        assert_eq!(
            faults("2 Großer/Fisch"),
            [
                "begins with '2'",
                "contains capital letters",
                "contains ' ' 'ß' '/'"
            ]
        );
    }

    #[test]
    fn names_that_mean_something_else_are_refused_in_every_spelling() {
        for name in [
            "fn",
            "gen",
            "test",
            "std",
            "proc-macro",
            "proc_macro",
            "deps",
            "nul",
        ] {
            assert!(check(name).is_err(), "{name}");
        }
        for name in [
            "runpod",
            "runpod-worker",
            "runpod_worker",
            "Runpod",
            "serde",
            "tokio",
        ] {
            let fault = check(name).unwrap_err();
            assert!(fault.contains("that workers depend on"), "{fault}");
        }
    }

    #[test]
    fn what_is_suggested_would_be_accepted() {
        let long = "x".repeat(200);
        for name in [
            "",
            "2",
            "2 fast",
            "-",
            "é",
            "Großer Fisch",
            "fn",
            "runpod",
            "a..b",
            "__",
            &long,
            "日本",
            "_x",
            "COM1",
        ] {
            assert_eq!(check(&suggestion(name)), Ok(()), "{name:?}");
        }
    }
}
