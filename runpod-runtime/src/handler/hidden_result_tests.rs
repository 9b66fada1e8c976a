use std::borrow::Cow;
use std::sync::Mutex;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::*;

/// The JSON, or the message of an `Err`.
fn written(value: impl Serialize) -> Result<String, String> {
    match to_json(&value) {
        Ok(json) => Ok(json.get().to_owned()),
        Err(NoJson::Err(message)) => Err(message),
        Err(NoJson::Fault(error)) => panic!("{error}"),
    }
}

type Plain = Result<u32, String>;

const OK: Plain = Ok(3);

fn err() -> Plain {
    Err("no luck".to_owned())
}

#[test]
fn a_result_is_found_whatever_type_hides_it() {
    #[derive(Serialize)]
    struct Newtype(Plain);

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
