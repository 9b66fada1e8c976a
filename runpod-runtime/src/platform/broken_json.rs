//! Finds jobs and their ids in text that is not valid JSON as a whole.
//!
//! One broken job must not affect the other jobs of its answer. If its id can be found, its client can be informed.
//! The results are guesses, because this module reads only text that the strict parser has refused. The code makes
//! one pass and does not recurse.

/// A value in the text, and the text after it.
struct Value<'t> {
    text: &'t [u8],
    rest: &'t [u8],
}

/// Returns the elements of the list at the start of the text. The last one may be incomplete.
pub(super) fn elements(list: &[u8]) -> Vec<&[u8]> {
    let Some((b'[', mut rest)) = list.split_first() else {
        return Vec::new();
    };
    let mut elements = Vec::new();
    loop {
        rest = after_gap(rest);
        match rest.first() {
            None | Some(b']') => return elements,
            Some(_) => {}
        }
        let value = first_value(rest);
        elements.push(value.text);
        rest = value.rest;
    }
}

/// Returns the values of all entries with this key in the object at the start of the text, in order.
pub(super) fn values_of<'t>(object: &'t [u8], wanted: &str) -> Vec<&'t [u8]> {
    let Some((b'{', mut rest)) = object.split_first() else {
        return Vec::new();
    };
    let mut values = Vec::new();
    loop {
        rest = after_gap(rest);
        if matches!(rest.first(), None | Some(b'}')) {
            return values;
        }
        let key = first_value(rest);
        let Some(after_colon) = key.rest.trim_ascii_start().strip_prefix(b":") else {
            // This is not an entry. The text after it is treated as the next one.
            rest = key.rest;
            continue;
        };
        let value = first_value(after_colon.trim_ascii_start());
        // A key may contain escapes.
        if serde_json::from_slice::<String>(key.text).is_ok_and(|key| key == wanted) {
            values.push(value.text);
        }
        rest = value.rest;
    }
}

/// Returns the text without the white space and the commas at its start.
fn after_gap(text: &[u8]) -> &[u8] {
    let length = text
        .iter()
        .position(|byte| !byte.is_ascii_whitespace() && *byte != b',')
        .unwrap_or(text.len());
    &text[length..]
}

/// Returns the value at the start of the text. It ends at its closing bracket, its closing quotation mark, or the next
/// separator.
fn first_value(text: &[u8]) -> Value<'_> {
    let length = match text.first() {
        Some(b'"') => length_of_string(text),
        Some(b'{' | b'[') => length_of_brackets(text),
        // A lone separator is skipped, so that each step makes progress.
        Some(_) => text[1..]
            .iter()
            .position(|byte| b",:{}[]\"".contains(byte))
            .map_or(text.len(), |length| length + 1),
        None => 0,
    };
    let (text, rest) = text.split_at(length);
    Value {
        text: text.trim_ascii_end(),
        rest,
    }
}

fn length_of_string(text: &[u8]) -> usize {
    let mut is_escaped = false;
    for (index, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn length_of_brackets(text: &[u8]) -> usize {
    let mut open = Vec::new();
    // How many brackets of each kind are in `open`. So `open` is searched only for brackets that it contains, and each
    // search removes what it passes.
    let mut braces = 0_usize;
    let mut squares = 0_usize;
    let mut index = 0;
    while let Some(byte) = text.get(index) {
        match byte {
            b'"' => {
                index += length_of_string(&text[index..]);
                continue;
            }
            b'{' => {
                open.push(b'}');
                braces += 1;
            }
            b'[' => {
                open.push(b']');
                squares += 1;
            }
            b'}' | b']' => {
                let is_open = if *byte == b'}' { braces } else { squares } > 0;
                if is_open {
                    // A bracket that closes an outer bracket also closes the brackets inside it. One of those was
                    // missing, and the next job is complete.
                    while let Some(closing) = open.pop() {
                        if closing == b'}' {
                            braces -= 1;
                        } else {
                            squares -= 1;
                        }
                        if closing == *byte {
                            break;
                        }
                    }
                } else if *byte == b']' {
                    // This bracket closes the list around the value.
                    return index;
                }
                if open.is_empty() {
                    return index + 1;
                }
            }
            _ => {}
        }
        index += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json;

    fn shown(values: Vec<&[u8]>) -> Vec<String> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        values.into_iter().map(text).collect()
    }

    fn elements_of(list: &str) -> Vec<String> {
        shown(elements(list.as_bytes()))
    }

    #[test]
    fn elements_are_found_beside_broken_ones() {
        for (list, expected) in [
            (
                r#"[{"a":"]"}, 1 ,"x,\\",[2]]"#,
                &[r#"{"a":"]"}"#, "1", r#""x,\\""#, "[2]"][..],
            ),
            (r#"[{"a":"\x"},{"b":1}]"#, &[r#"{"a":"\x"}"#, r#"{"b":1}"#]),
            (r#"[{"a":[},{"b":1}]"#, &[r#"{"a":[}"#, r#"{"b":1}"#]),
            (r#"[{"a":1,{"b":1}]"#, &[r#"{"a":1,{"b":1}"#]),
            (r#"[{"a":1}{"b":1},,]"#, &[r#"{"a":1}"#, r#"{"b":1}"#]),
            (r#"[{"a":1},{"b":"#, &[r#"{"a":1}"#, r#"{"b":"#]),
            ("[", &[]),
            ("[}:]", &["}", ":"]),
            ("", &[]),
            ("{}", &[]),
        ] {
            assert_eq!(elements_of(list), expected, "{list}");
        }
    }

    #[test]
    fn a_key_is_found_beside_broken_entries() {
        for (object, expected) in [
            (r#"{"\ud800":1,"id":"a"}"#, &[r#""a""#][..]),
            (r#"{"\x":{"id":"no"},"id" : "a" }"#, &[r#""a""#]),
            (r#"{"i\u0064":"a","id":"b"}"#, &[r#""a""#, r#""b""#]),
            (r#"{"id":"a","input":"#, &[r#""a""#]),
            (r#"{"id":"a"#, &[r#""a"#]),
            (r#"{oops,"id":"a"}"#, &[r#""a""#]),
            (r#"{"id""a"}"#, &[]),
            (r#"["id","a"]"#, &[]),
        ] {
            assert_eq!(
                shown(values_of(object.as_bytes(), "id")),
                expected,
                "{object}"
            );
        }
        assert_eq!(values_of(b"{\"\xff\":1,\"id\":\"a\"}", "id"), [b"\"a\""]);
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = vec![b'['; 1 << 20];
        assert_eq!(elements(&deep).len(), 1);
        assert!(values_of(&vec![b'{'; 1 << 20], "id").is_empty());
    }

    /// If every bracket were searched for among all open brackets, this test would take a quarter of an hour.
    #[test]
    fn brackets_that_close_nothing_cost_no_search_each() {
        let unmatched = [vec![b'['; 1 << 20], vec![b'}'; 1 << 20]].concat();
        assert_eq!(elements(&unmatched).len(), 1);
        let job = [br#"{"id":"a","input":"#, &unmatched[..]].concat();
        assert_eq!(values_of(&job, "id"), [b"\"a\""]);
        // The first `}` closes the job, and every further one is treated as an element.
        assert_eq!(elements(&[b"[", &job[..]].concat()).len(), 1 << 20);
    }

    proptest! {
        #[test]
        fn whole_json_is_read_as_the_strict_reader_does(values in prop::collection::vec(json::any(), 0..5), id in json::any()) {
            let list = serde_json::Value::from(values.clone()).to_string();
            let expected: Vec<_> = values.iter().map(ToString::to_string).collect();
            prop_assert_eq!(elements_of(&list), expected);
            let object = serde_json::json!({ "x": values, "id": id }).to_string();
            prop_assert_eq!(shown(values_of(object.as_bytes(), "id")), [id.to_string()]);
        }

        #[test]
        fn no_text_brings_the_worker_down(text: Vec<u8>, start in "[\\[{]{0,3}[\"a:,\\\\]{0,6}") {
            for text in [text.clone(), [start.into_bytes(), text].concat()] {
                let length: usize = elements(&text).iter().map(|element| element.len()).sum();
                prop_assert!(length <= text.len());
                let _ = values_of(&text, "id");
            }
        }
    }
}
