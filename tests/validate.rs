//! Tests which inputs are validated, and the errors that a client gets for invalid inputs.

use garde::Validate;
use runpod::prelude::*;
use runpod::testing::{Job as TestJob, Report};

#[derive(Debug, Deserialize, Serialize, Validate)]
struct Request {
    #[garde(length(chars, min = 1, max = 8), ascii)]
    name: String,
    #[garde(dive)]
    #[serde(default)]
    sizes: Vec<Size>,
}

#[derive(Debug, Deserialize, Serialize, Validate)]
struct Size {
    #[garde(range(min = 1, max = 64))]
    width: u32,
    #[garde(range(min = 1, max = 64))]
    height: u32,
}

/// A type that is not validated because it does not derive `Validate`.
#[derive(Debug, Deserialize, Serialize)]
struct Plain {
    name: String,
}

fn good() -> Value {
    json!({ "name": "Ada", "sizes": [{ "width": 8, "height": 8 }] })
}

fn bad() -> Value {
    json!({
        "name": "",
        "sizes": [{ "width": 8, "height": 8 }, { "width": 0, "height": 65 }],
    })
}

/// The expected faults. garde sorts the fields, and the rules of a field, by name.
const FAULTS: &str = "input.name: length is lower than 1; input.sizes[1].height: greater than 64; \
                      input.sizes[1].width: lower than 1";

#[track_caller]
fn assert_faults(report: &Report) {
    // The error of a stream contains more text, like that of the Python SDK.
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains(FAULTS), "{error}");
    assert_eq!(report.output, None);
    assert_eq!(report.stream, [] as [Value; 0], "the handler was called");
}

#[runpod::handler]
async fn asynchronous(input: Request) -> Request {
    input
}

#[tokio::test]
async fn every_place_that_is_not_valid_is_named_with_what_is_wrong() {
    let report = TestJob::new(bad()).run(asynchronous).await;
    assert_faults(&report);
    assert_eq!(report.error.as_deref(), Some(FAULTS));
}

#[tokio::test]
async fn a_valid_input_reaches_its_handler() {
    let report = TestJob::new(good()).run(asynchronous).await;
    assert_eq!(report.output, Some(good()), "{:?}", report.error);
}

#[tokio::test]
async fn several_faults_of_one_place_are_all_told() {
    let report = TestJob::new(json!({ "name": "Ödön von Horváth" }))
        .run(asynchronous)
        .await;
    assert_eq!(
        report.error.as_deref(),
        Some("input.name: not ascii; input.name: length is greater than 8")
    );
}

#[tokio::test]
async fn an_input_that_cannot_be_read_is_not_validated() {
    let report = TestJob::new(json!({ "name": 7 })).run(asynchronous).await;
    let error = report.error.expect("the input does not fit its type");
    assert!(error.starts_with("input.name: invalid type"), "{error}");
}

#[runpod::handler]
fn whole_job(ctx: JobContext, job: Job<Request>) -> Request {
    drop(ctx);
    job.input
}

#[tokio::test]
async fn the_input_of_a_whole_job_is_validated() {
    assert_faults(&TestJob::new(bad()).blocking(whole_job).await);
    let report = TestJob::new(good()).blocking(whole_job).await;
    assert_eq!(report.output, Some(good()), "{:?}", report.error);
}

#[runpod::handler(stream)]
fn streamed(input: Request) -> impl Iterator<Item = u32> {
    input.sizes.into_iter().map(|size| size.width)
}

#[tokio::test]
async fn a_stream_is_not_begun_on_an_input_that_is_not_valid() {
    assert_faults(&TestJob::new(bad()).stream(streamed).await);
    let report = TestJob::new(good()).stream(streamed).await;
    assert_eq!(report.stream, [json!(8)]);
}

/// An alias, which must not prevent validation.
type Requests = Vec<Request>;

#[runpod::handler]
async fn several(input: Requests) -> usize {
    input.len()
}

#[tokio::test]
async fn an_input_that_is_a_list_is_validated_item_by_item() {
    let report = TestJob::new(json!([good(), bad()])).run(several).await;
    let error = report.error.expect("the second item is not valid");
    assert!(
        error.starts_with("input[1].name: length is lower than 1; input[1].sizes[1].height:"),
        "{error}"
    );
}

#[runpod::handler]
async fn unvalidated(input: Plain) -> Plain {
    input
}

#[runpod::handler]
async fn unvalidated_job(job: Job<Plain>) -> Plain {
    job.input
}

#[tokio::test]
async fn types_that_derive_no_validation_are_taken_as_they_are() {
    let empty = || TestJob::new(json!({ "name": "" }));
    for report in [
        empty().run(unvalidated).await,
        empty().run(unvalidated_job).await,
    ] {
        assert_eq!(report.output, Some(json!({ "name": "" })));
    }
}

/// A type whose validation needs a context: the maximum length.
#[derive(Deserialize, Serialize, Validate)]
#[garde(context(usize as longest))]
struct Contextual {
    #[garde(length(chars, max = *longest))]
    name: String,
}

#[runpod::handler]
async fn contextual(input: Contextual) -> Result<Contextual, runpod::garde::Report> {
    input.validate_with(&3)?;
    Ok(input)
}

#[tokio::test]
async fn a_type_that_is_validated_in_a_context_is_left_to_its_handler() {
    let report = TestJob::new(json!({ "name": "Ada" })).run(contextual).await;
    assert_eq!(report.output, Some(json!({ "name": "Ada" })));
    let report = TestJob::new(json!({ "name": "Grace" }))
        .run(contextual)
        .await;
    assert!(report.error.is_some_and(|error| error.contains("name: ")));
}

async fn without_attribute(input: Request) -> Request {
    input
}

#[tokio::test]
async fn a_function_without_attribute_validates_on_its_own() {
    let report = TestJob::new(bad()).run(without_attribute).await;
    assert_eq!(report.output, Some(bad()), "{:?}", report.error);
}

#[tokio::test]
async fn two_functions_of_one_name_in_two_blocks_are_both_validated() {
    let first = {
        #[runpod::handler]
        async fn same_name(input: Request) -> Request {
            input
        }
        TestJob::new(bad()).run(same_name).await
    };
    let second = {
        #[runpod::handler]
        async fn same_name(input: Request) -> Request {
            input
        }
        TestJob::new(bad()).run(same_name).await
    };
    assert_faults(&first);
    assert_faults(&second);
}
