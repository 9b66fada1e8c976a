use super::*;

/// Converts a value as generated code does.
macro_rules! by_ladder {
    ($value:expr) => {
        Returned($value)
            .__rp_flat(IntoFailure::into_failure, IntoFailure::into_failure)
            .__rp_output(HandlerValue::into_json, IntoFailure::into_failure)
    };
}

fn by_trait<V>(value: impl IntoOutput<V>) -> Result<String, String> {
    value
        .into_output()
        .map(|payload| payload.text().to_owned())
        .map_err(|failure| failure.message)
}

#[test]
fn values_and_results_are_told_apart_by_the_ladder() {
    assert_eq!(by_ladder!(7).unwrap().text(), "7");
    assert_eq!(by_ladder!(()).unwrap().text(), "null");
    assert_eq!(by_ladder!(Ok::<_, String>("x")).unwrap().text(), "\"x\"");
    let failure = by_ladder!(Err::<(), _>("no")).unwrap_err();
    assert_eq!(failure.message, "no");
}

#[test]
fn values_and_results_are_told_apart_by_traits() {
    assert_eq!(by_trait(7), Ok("7".into()));
    assert_eq!(by_trait(Ok::<_, String>(7)), Ok("7".into()));
    assert_eq!(by_trait(Err::<(), _>(String::from("no"))), Err("no".into()));
    assert_eq!(
        by_trait(Err::<(), std::fmt::Error>(std::fmt::Error)),
        Err(std::fmt::Error.to_string())
    );
    let boxed: Result<(), crate::error::BoxError> = Err("boxed".into());
    assert_eq!(by_trait(boxed), Err("boxed".into()));
}

/// An error that does not serialise, like most errors.
type Unserialised = std::num::ParseIntError;

fn unserialised() -> Unserialised {
    "x".parse::<u32>().unwrap_err()
}

#[test]
fn a_result_in_a_result_is_one_result_of_the_ladder() {
    type Nested<E, F> = Result<Result<u32, E>, F>;
    let text = |output: Output| {
        output
            .map(|payload| payload.text().to_owned())
            .map_err(|failure| failure.message)
    };
    let message = unserialised().to_string();
    let inner: Nested<Unserialised, String> = Ok(Err(unserialised()));
    assert_eq!(text(by_ladder!(inner)), Err(message.clone()));
    let outer: Nested<String, Unserialised> = Err(unserialised());
    assert_eq!(text(by_ladder!(outer)), Err(message));
    let value: Nested<Unserialised, crate::error::BoxError> = Ok(Ok(3));
    assert_eq!(text(by_ladder!(value)), Ok("3".into()));
    let both_are_text: Nested<String, String> = Ok(Err("inner".into()));
    assert_eq!(text(by_ladder!(both_are_text)), Err("inner".into()));
    let in_an_option: Option<Result<u32, String>> = Some(Err("hidden".into()));
    assert_eq!(text(by_ladder!(in_an_option)), Err("hidden".into()));
}

#[test]
fn a_result_in_a_result_is_one_result_of_the_traits() {
    type Nested<E, F> = Result<Result<u32, E>, F>;
    type Boxed = crate::error::BoxError;
    let message = unserialised().to_string();
    let inner: Nested<Unserialised, Unserialised> = Ok(Err(unserialised()));
    assert_eq!(by_trait(inner), Err(message.clone()));
    let inner: Nested<Boxed, Unserialised> = Ok(Err("boxed".into()));
    assert_eq!(by_trait(inner), Err("boxed".into()));
    let inner: Nested<Unserialised, Boxed> = Ok(Err(unserialised()));
    assert_eq!(by_trait(inner), Err(message.clone()));
    let inner: Nested<Unserialised, String> = Ok(Err(unserialised()));
    assert_eq!(by_trait(inner), Err(message));
    let inner: Nested<Boxed, &str> = Err("outer");
    assert_eq!(by_trait(inner), Err("outer".into()));
    let inner: Nested<String, Unserialised> = Ok(Err("text".into()));
    assert_eq!(by_trait(inner), Err("text".into()));
    let value: Nested<Boxed, Boxed> = Ok(Ok(3));
    assert_eq!(by_trait(value), Ok("3".into()));
    assert_eq!(
        by_trait(Some(Err::<u32, _>("hidden"))),
        Err("hidden".into())
    );
}

#[test]
fn output_that_does_not_serialise_says_why_without_names_of_rust_types() {
    let map = std::collections::HashMap::from([((1, 2), 3)]);
    let failure = by_ladder!(map).unwrap_err();
    assert!(
        failure.message.contains("key must be"),
        "{}",
        failure.message
    );
    assert!(!failure.message.contains("::"), "{}", failure.message);
}
