use super::*;

#[test]
fn key_order_and_the_last_of_equal_keys_are_kept() {
    let raw = RawValue::from_string(r#"{"b":1, "error":2,"b":3,"error":4}"#.into()).unwrap();
    let payload = Payload::of(&raw).unwrap();
    let entries = payload.entries().unwrap();
    let names: Vec<_> = entries.iter().map(|entry| &entry.0).collect();
    assert_eq!(names, ["b", "error", "b", "error"]);
    assert_eq!(payload.special_entry("error").unwrap().get(), "4");
    assert!(payload.special_entry("refresh_worker").is_none());
}

#[test]
fn a_value_is_written_into_its_body() {
    let payload = Payload::of(&[1, 2]).unwrap();
    assert_eq!(payload.body(), r#"{"output":[1,2]}"#);
    assert_eq!((payload.text(), payload.len()), ("[1,2]", 5));
    let update = Payload::progress(&Ok::<_, String>(0.5)).unwrap();
    assert_eq!(
        update.body(),
        r#"{"status":"IN_PROGRESS","output":{"Ok":0.5}}"#
    );
    assert_eq!(update.text(), r#"{"Ok":0.5}"#);
    let items = [payload, update];
    assert_eq!(
        Payload::list(&items).body(),
        r#"{"output":[[1,2],{"Ok":0.5}]}"#
    );
    assert_eq!(Payload::list(&[]).text(), "[]");
}

#[test]
fn truth_is_pythons() {
    for (text, expected) in [
        ("null", false),
        ("false", false),
        ("0", false),
        ("-0.0", false),
        ("0e7", false),
        ("\"\"", false),
        ("[ ]", false),
        ("{\n}", false),
        ("true", true),
        ("1", true),
        ("0.1", true),
        ("\"0\"", true),
        ("\" \"", true),
        ("[0]", true),
        ("{\"a\":0}", true),
    ] {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(truthy(&raw), expected, "{text}");
    }
}
