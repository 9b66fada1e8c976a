use proptest::prelude::*;

use super::{LONGEST, of_disposition, of_path, safe};

#[test]
fn a_header_gives_the_name_and_its_encoded_form_goes_first() {
    for (header, name) in [
        ("attachment; filename=cat.png", Some("cat.png")),
        (
            "attachment; filename=\"a;b \\\"c\\\".png\"",
            Some("a;b c.png"),
        ),
        ("attachment; FileName = \"x.zip\"; size=3", Some("x.zip")),
        (
            "attachment; filename=\"naive.txt\"; filename*=UTF-8''na%C3%AFve.txt",
            Some("naïve.txt"),
        ),
        ("attachment; filename*=iso-8859-1'en'%A3.txt", Some("£.txt")),
        ("attachment; filename*=utf-16''x; filename=y", Some("y")),
        ("attachment; filename*=UTF-8''%ff%fe; filename=z", Some("z")),
        ("inline", None),
        ("attachment; filename=", None),
        ("attachment; filename=\"..\"", None),
        ("", None),
    ] {
        assert_eq!(of_disposition(header).as_deref(), name, "{header}");
    }
}

#[test]
fn names_lose_everything_that_could_leave_their_folder_or_mislead() {
    for (given, name) in [
        ("../../etc/passwd", Some("passwd")),
        ("..\\..\\windows\\system.ini", Some("system.ini")),
        ("/absolute", Some("absolute")),
        ("C:evil.exe", Some("Cevil.exe")),
        (".bashrc", Some("bashrc")),
        (". \t.bashrc \u{a0}.", Some("bashrc")),
        ("...", None),
        ("a\0b\n\u{1b}[31mc", Some("ab[31mc")),
        ("photo\u{202e}gpj.exe", Some("photogpj.exe")),
        ("trailing. . ", Some("trailing")),
        ("-rf", Some("-rf")),
        ("folder/", None),
        ("", None),
    ] {
        assert_eq!(safe(given).as_deref(), name, "{given:?}");
    }
}

#[test]
fn the_path_of_a_url_gives_the_name_of_its_last_part() {
    assert_eq!(of_path("/a/b%20c.png").as_deref(), Some("b c.png"));
    // An encoded slash is a slash again once it is decoded.
    assert_eq!(
        of_path("/a/..%2F..%2Fetc%2Fpasswd").as_deref(),
        Some("passwd")
    );
    assert_eq!(of_path("/a/"), None);
    assert_eq!(of_path("/"), None);
}

#[test]
fn a_long_name_keeps_its_extension() {
    let name = safe(&format!("{}.tar.gz", "ü".repeat(300))).unwrap();
    assert!(name.len() <= LONGEST, "{}", name.len());
    assert!(name.ends_with("ü.gz"));
}

proptest! {
    #[test]
    fn any_text_is_a_name_in_its_own_folder_or_none(text in "\\PC{0,400}|[./\\\\:%\"; =a-f0-9\\x00-\\x1f]{0,80}") {
        for name in [safe(&text), of_disposition(&text), of_path(&text)].into_iter().flatten() {
            prop_assert!(!name.is_empty() && name.len() <= LONGEST);
            prop_assert!(!name.contains(['/', '\\', '\0', '\n']));
            prop_assert!(!name.starts_with('.'));
            let joined = std::path::Path::new("folder").join(&name);
            prop_assert_eq!(joined.components().count(), 2);
        }
    }
}

#[test]
fn a_name_that_is_cut_after_a_dot_does_not_end_with_it() {
    let name = format!("{}.{}", "a".repeat(LONGEST - 1), "b".repeat(50));
    assert_eq!(safe(&name), Some("a".repeat(LONGEST - 1)));
}
