use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::*;

/// Returns the JSON and whether it may contain a special key, or the message of an `Err`.
fn seen(value: impl Serialize) -> Result<(String, bool), String> {
    let mut json = Vec::new();
    match write(&value, &mut json) {
        Ok(special_key) => Ok((String::from_utf8(json).unwrap(), special_key)),
        Err(NoJson::Err(message)) => Err(message),
        Err(NoJson::Fault(error)) => panic!("{error}"),
    }
}

/// Returns the JSON, or the message of an `Err`.
fn written(value: impl Serialize) -> Result<String, String> {
    seen(value).map(|(json, _)| json)
}

type Plain = Result<u32, String>;

const OK: Plain = Ok(3);

fn err() -> Plain {
    Err("no luck".to_owned())
}

#[test]
fn a_result_is_found_whatever_type_hides_it() {
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Transparent {
        result: Plain,
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Untagged {
        Held(Plain),
    }

    struct ByHand(Plain);

    impl Serialize for ByHand {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.serialize(serializer)
        }
    }

    fn opaque(result: Plain) -> impl Serialize {
        result
    }

    let ok = || Ok::<_, String>("3".to_owned());
    let failed = || Err::<String, _>("no luck".to_owned());
    assert_eq!(written(OK), ok());
    assert_eq!(written(err()), failed());
    assert_eq!(written(Some(OK)), ok());
    assert_eq!(written(Some(err())), failed());
    assert_eq!(written(None::<Plain>), Ok("null".to_owned()));
    assert_eq!(written(Box::new(err())), failed());
    assert_eq!(written(Mutex::new(err())), failed());
    assert_eq!(written(Cow::<Plain>::Owned(err())), failed());
    assert_eq!(written(Ok::<_, String>(err())), failed());
    assert_eq!(written(Ok::<_, String>(Some(Box::new(OK)))), ok());
    assert_eq!(written(Newtype(err())), failed());
    assert_eq!(written(Newtype(OK)), ok());
    assert_eq!(written(Transparent { result: err() }), failed());
    assert_eq!(written(Untagged::Held(err())), failed());
    assert_eq!(written(Untagged::Held(OK)), ok());
    assert_eq!(written(ByHand(err())), failed());
    assert_eq!(written(opaque(err())), failed());
    assert_eq!(written(opaque(OK)), ok());
}

#[test]
fn a_result_inside_of_a_value_is_data() {
    assert_eq!(
        written((1, err())),
        Ok(r#"[1,{"Err":"no luck"}]"#.to_owned())
    );
    assert_eq!(written(vec![OK]), Ok(r#"[{"Ok":3}]"#.to_owned()));
    assert_eq!(
        written(json!({"Err": "a key of the user's"})),
        Ok(r#"{"Err":"a key of the user's"}"#.to_owned())
    );
}

#[test]
fn an_error_that_is_not_a_text_is_shown_as_json() {
    assert_eq!(
        written(Err::<(), _>(json!({"code": 7}))),
        Err(r#"{"code":7}"#.to_owned())
    );
    assert_eq!(
        written(Err::<(), ()>(())),
        Err("an `Err` without a message".to_owned())
    );
}

#[test]
fn variants_of_other_enums_stay_as_they_are() {
    #[derive(Serialize)]
    enum Answer {
        Ok(u32),
        Err(String),
        Unit,
        Pair(u8, u8),
        Named { a: u8 },
    }

    for (value, json) in [
        (Answer::Ok(3), r#"{"Ok":3}"#),
        (Answer::Err("x".into()), r#"{"Err":"x"}"#),
        (Answer::Unit, r#""Unit""#),
        (Answer::Pair(1, 2), r#"{"Pair":[1,2]}"#),
        (Answer::Named { a: 1 }, r#"{"Named":{"a":1}}"#),
    ] {
        assert_eq!(written(value), Ok(json.to_owned()));
    }
}

#[test]
fn an_enum_of_a_users_is_a_result_only_if_everything_that_serde_tells_is_the_same() {
    mod reversed {
        #[derive(serde::Serialize)]
        pub(super) enum Result {
            Err(&'static str),
            Ok(u32),
        }
    }
    mod renamed {
        #[derive(serde::Serialize)]
        #[serde(rename = "Answer")]
        pub(super) enum Result {
            #[expect(dead_code, reason = "`Err` must be variant 1")]
            Ok(u32),
            Err(&'static str),
        }
    }
    mod of_other_kinds {
        #[derive(serde::Serialize)]
        pub(super) enum Result {
            Ok(u32, u32),
            Err { code: u32 },
        }
    }
    mod lookalike {
        #[derive(serde::Serialize)]
        pub(super) enum Result {
            Ok(u32),
            Err(&'static str),
        }
    }

    let data = |json: &str| Ok(json.to_owned());
    assert_eq!(written(reversed::Result::Ok(1)), data(r#"{"Ok":1}"#));
    assert_eq!(written(reversed::Result::Err("x")), data(r#"{"Err":"x"}"#));
    assert_eq!(written(renamed::Result::Err("x")), data(r#"{"Err":"x"}"#));
    let (pair, named) = (
        of_other_kinds::Result::Ok(1, 2),
        of_other_kinds::Result::Err { code: 1 },
    );
    assert_eq!(written(pair), data(r#"{"Ok":[1,2]}"#));
    assert_eq!(written(named), data(r#"{"Err":{"code":1}}"#));
    // To serde, this enum looks the same as `Result`.
    assert_eq!(written(lookalike::Result::Ok(1)), data("1"));
    assert_eq!(written(lookalike::Result::Err("x")), Err("x".to_owned()));
}

#[derive(Serialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "snake_case")]
enum Name {
    RefreshWorker,
    Other,
}

#[derive(Serialize, PartialEq, Eq, Hash)]
struct Newtype<T>(T);

#[test]
fn a_special_key_of_the_outermost_object_is_seen_in_whatever_type_has_it() {
    #[derive(Serialize)]
    struct Field {
        error: (),
    }

    #[derive(Serialize)]
    struct Renamed {
        #[serde(rename = "refresh_worker")]
        fresh: bool,
    }

    #[derive(Serialize)]
    struct Flat {
        a: u8,
        #[serde(flatten)]
        rest: Field,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Variant {
        Error(u8),
        RefreshWorker {
            a: u8,
        },
        #[serde(rename = "error")]
        Pair(u8, u8),
    }

    #[derive(Serialize)]
    #[serde(tag = "error")]
    enum Tagged {
        Variant { a: u8 },
    }

    #[track_caller]
    fn assert_special(value: impl Serialize) {
        let (json, special_key) = seen(value).unwrap();
        assert!(special_key, "{json}");
    }

    assert_special(json!({"a": 1, "error": null}));
    assert_special(Field { error: () });
    assert_special(Renamed { fresh: true });
    assert_special(Flat {
        a: 1,
        rest: Field { error: () },
    });
    assert_special(Newtype(Some(Box::new(Field { error: () }))));
    assert_special(Ok::<_, String>(Field { error: () }));
    assert_special(Variant::Error(1));
    assert_special(Variant::RefreshWorker { a: 1 });
    assert_special(Variant::Pair(1, 2));
    assert_special(Tagged::Variant { a: 1 });
    assert_special(HashMap::from([(Name::RefreshWorker, 1)]));
    assert_special(HashMap::from([(Newtype("error"), 1)]));
    assert_special(HashMap::from([(Cow::Borrowed("error"), 1)]));
    // The text of a `RawValue` is not known.
    assert_special(RawValue::from_string(r#"{"a":1}"#.to_owned()).unwrap());
}

#[test]
fn other_keys_and_keys_below_the_outermost_object_are_not_special() {
    #[derive(Serialize)]
    struct Skipping {
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        errors: u8,
    }

    #[derive(Serialize)]
    enum Variant {
        Inside { error: u8 },
    }

    #[track_caller]
    fn assert_plain(value: impl Serialize) {
        let (json, special_key) = seen(value).unwrap();
        assert!(!special_key, "{json}");
    }

    assert_plain(json!({"Error": 1, "refresh-worker": 1, "a": {"error": 1}}));
    assert_plain(json!([{"error": 1}]));
    assert_plain(json!("error"));
    assert_plain(Skipping {
        error: None,
        errors: 0,
    });
    assert_plain(Variant::Inside { error: 1 });
    assert_plain(HashMap::from([(Name::Other, Name::RefreshWorker)]));
    assert_plain(HashMap::from([(Newtype(7), "error")]));
    assert_plain(HashMap::from([(true, "error")]));
    assert_plain(HashMap::from([('e', "error")]));
}

#[test]
fn every_kind_of_value_is_written_as_serde_json_writes_it() {
    fn same(value: impl Serialize) {
        let expected = serde_json::to_string(&value).unwrap();
        assert_eq!(written(value), Ok(expected));
    }

    same(true);
    same(i128::MIN);
    same(u128::MAX);
    same((-1_i8, 1_u8));
    same(-1_i8);
    same(-1_i16);
    same(-1_i32);
    same(-1_i64);
    same(1_u8);
    same(1_u16);
    same(1_u32);
    same(1_u64);
    same(0.1_f32);
    same(0.1_f64);
    same(f64::NAN);
    same('x');
    same("text");
    same(());
    same([1, 2]);
    same(std::collections::BTreeMap::from([(1, "a")]));
    same(HashMap::from([(Newtype(Name::Other), "a")]));
    same(HashMap::from([(-1_i128, 1)]));
    same(HashMap::from([(u64::MAX, 1)]));
    same(HashMap::from([(false, 1)]));
    same(HashMap::from([('"', 1)]));
    same(std::net::Ipv4Addr::LOCALHOST);
    same(RawValue::from_string(r#"{"b": 1, "a": 1.50}"#.to_owned()).unwrap());
    same(std::time::Duration::from_millis(1500));
}

proptest! {
    #[test]
    fn every_json_value_is_written_as_serde_json_writes_it(value in json::any()) {
        let expected = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(written(&value), Ok(expected.clone()));
        prop_assert_eq!(written(Ok::<_, ()>(&value)), Ok(expected));
    }
}
