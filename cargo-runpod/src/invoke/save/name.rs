//! Names of saved files. A job's output decides about them, so they are made harmless: one short path component without
//! special characters.

use super::rewrite::{Place, Step};

/// The length of a name without its extension and number.
const MOST_CHARACTERS: usize = 80;

/// Returns the name without an extension: the file name that the worker gave in the same object, otherwise the place in
/// the JSON, otherwise `root`.
pub(super) fn stem(place: &Place<'_>, root: &str) -> String {
    let given = place
        .file_name
        .map(|name| name.rsplit(['/', '\\']).next().unwrap_or(name))
        .map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem))
        .map(harmless)
        .filter(|stem| !stem.is_empty());
    given.unwrap_or_else(|| {
        let steps = place.steps.iter().map(|step| match step {
            Step::Key(key) => harmless(key),
            Step::Index(index) => (index + 1).to_string(),
        });
        let mut words: Vec<_> = steps.filter(|word| !word.is_empty()).collect();
        if !matches!(place.steps.first(), Some(Step::Key(_))) || words.is_empty() {
            words.insert(0, root.to_owned());
        }
        cut(&words.join("-"))
    })
}

fn harmless(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|character| match character {
            '_' | '-' => character,
            other if other.is_ascii_alphanumeric() => other,
            _ => '-',
        })
        .collect();
    // A name that begins with a dash would look like a flag.
    cut(text.trim_matches('-'))
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(steps: &[Step<'_>], file_name: Option<&str>) -> String {
        stem(&Place { steps, file_name }, "output")
    }

    #[test]
    fn the_place_in_the_json_names_a_file() {
        assert_eq!(named(&[], None), "output");
        assert_eq!(named(&[Step::Index(0)], None), "output-1");
        assert_eq!(
            named(
                &[Step::Key("images"), Step::Index(1), Step::Key("b64")],
                None
            ),
            "images-2-b64"
        );
        assert_eq!(named(&[Step::Key("…")], None), "output");
    }

    #[test]
    fn a_name_from_outside_is_one_harmless_component() {
        for (given, expected) in [
            ("cat.png", "cat"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot"),
            ("a/b/.bashrc", "image"),
            ("-rf.sh", "rf"),
            ("line\nbreak \u{1b}[31m.png", "line-break---31m"),
            ("..", "image"),
            ("", "image"),
            ("nul\0byte", "nul-byte"),
        ] {
            let name = named(&[Step::Key("image")], Some(given));
            assert_eq!(name, expected, "{given:?}");
        }
        let long = "x".repeat(1000);
        assert_eq!(named(&[], Some(&long)).len(), MOST_CHARACTERS);
        assert_eq!(
            named(&[Step::Key(&long), Step::Key(&long)], None).len(),
            MOST_CHARACTERS
        );
    }
}
