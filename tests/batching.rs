//! Tests batch handlers as users write them: with the attribute, with the builder's functions, and in tests.

use runpod::prelude::*;
use runpod::testing::{self, Report};
use runpod::{FromJobCall, JobCall};

struct Model {
    scale: usize,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

fn tokens(input: &Text) -> usize {
    input.text.len()
}

/// Returns the weight of the text, and the number of jobs in the call.
#[runpod::handler(batch, max_batch_size = 3)]
fn measure(inputs: Vec<Text>, model: State<Model>) -> Vec<Result<(usize, usize), String>> {
    let jobs = inputs.len();
    let measure = |input: Text| match input.text.len() {
        0 => Err("the text is empty".to_owned()),
        length => Ok((length * model.scale, jobs)),
    };
    inputs.into_iter().map(measure).collect()
}

#[runpod::handler(batch, weight = tokens, max_weight = 5)]
async fn weighed(
    inputs: Vec<Job<Text>>,
    contexts: Vec<JobContext>,
) -> anyhow::Result<Vec<Vec<String>>> {
    let ids: Vec<_> = inputs.iter().map(|job| job.id.clone()).collect();
    for (id, context) in ids.iter().zip(&contexts) {
        anyhow::ensure!(
            *id == context.job_id(),
            "the arguments have different orders"
        );
        context.progress("here");
    }
    if inputs.iter().any(|job| job.input.text == "no") {
        anyhow::bail!("no luck");
    }
    Ok(vec![ids; inputs.len()])
}

struct Customer(String);

impl FromJobCall for Customer {
    type Error = String;

    async fn from_job_call(job: &JobCall) -> Result<Self, String> {
        match job.raw_input() {
            "0" => Err("unknown customer".to_owned()),
            input => Ok(Self(format!("customer {input}"))),
        }
    }
}

#[runpod::handler(batch)]
fn greet(customers: Vec<Customer>) -> Vec<String> {
    customers.into_iter().map(|it| it.0).collect()
}

#[runpod::handler(batch)]
fn forgetful(mut inputs: Vec<u64>) -> Vec<u64> {
    inputs.pop();
    inputs
}

#[runpod::handler(batch)]
fn panics(inputs: Vec<u64>) -> Vec<u64> {
    panic!("{} inputs are too many", inputs.len())
}

async fn texts(texts: &[&str]) -> Vec<Report> {
    let inputs = texts.iter().map(|text| json!({ "text": text }));
    let jobs = testing::Jobs::new(inputs).state(Model { scale: 10 });
    jobs.batch(measure).await
}

#[tokio::test]
async fn jobs_share_calls_in_their_order_and_each_has_its_own_result() {
    let reports = texts(&["a", "bb", "", "dddd", "eeeee"]).await;
    let outputs: Vec<_> = reports.iter().map(|it| it.output.clone()).collect();
    let expected = [
        json!([10, 3]),
        json!([20, 3]),
        Value::Null,
        json!([40, 2]),
        json!([50, 2]),
    ];
    for (output, expected) in outputs.into_iter().zip(expected) {
        assert_eq!(output.unwrap_or(Value::Null), expected);
    }
    assert_eq!(reports[2].error.as_deref(), Some("the text is empty"));
}

#[tokio::test]
async fn an_input_that_does_not_fit_fails_alone() {
    let inputs = [
        json!({ "text": "a" }),
        json!({ "text": 5 }),
        json!({ "text": "ccc" }),
    ];
    let reports = testing::Jobs::new(inputs)
        .state(Model { scale: 1 })
        .batch(measure)
        .await;
    assert_eq!(reports[0].output, Some(json!([1, 2])));
    assert_eq!(reports[1].error_type.as_deref(), Some("InputError"));
    assert_eq!(reports[2].output, Some(json!([3, 2])));
}

#[tokio::test]
async fn the_weight_bounds_a_call_and_a_job_that_is_too_heavy_fails_alone() {
    let inputs = ["aaa", "bb", "cccccc", "d"].map(|text| json!({ "text": text }));
    let reports = testing::Jobs::new(inputs).batch(weighed).await;
    assert_eq!(reports[0].output, Some(json!(["test-0", "test-1"])));
    assert_eq!(reports[1].progress, [json!("here")]);
    assert_eq!(
        reports[2].error.as_deref(),
        Some("input: its weight is 6, but `max_weight` allows at most 5")
    );
    assert_eq!(reports[3].output, Some(json!(["test-3"])));
}

#[tokio::test]
async fn an_error_or_a_panic_of_the_call_fails_all_its_jobs() {
    let inputs = ["no", "yes"].map(|text| json!({ "text": text }));
    for report in testing::Jobs::new(inputs).batch(weighed).await {
        assert_eq!(report.error.as_deref(), Some("no luck"));
    }
    for report in testing::Jobs::new([json!(1), json!(2)]).batch(panics).await {
        let error = report.error.unwrap();
        assert_eq!(error, "the handler panicked: 2 inputs are too many");
        assert_eq!(report.error_type.as_deref(), Some("panic"));
    }
}

#[tokio::test]
async fn a_wrong_number_of_results_is_explained() {
    for report in testing::Jobs::new([json!(1), json!(2)])
        .batch(forgetful)
        .await
    {
        assert_eq!(
            report.error.as_deref(),
            Some(
                "the batch handler returned 1 results for 2 jobs; it must return one result for each job, in the order of \
                 its inputs"
            )
        );
    }
}

#[tokio::test]
async fn an_extractor_that_fails_keeps_its_job_out_of_the_call() {
    let reports = testing::Jobs::new([json!(1), json!(0), json!(2)])
        .batch(greet)
        .await;
    assert_eq!(reports[0].output, Some(json!("customer 1")));
    assert_eq!(reports[1].error.as_deref(), Some("unknown customer"));
    assert_eq!(reports[2].output, Some(json!("customer 2")));
}

#[tokio::test]
async fn closures_of_both_kinds_are_batch_handlers() {
    let inputs = || testing::Jobs::new([json!(1), json!(2)]);
    let outputs = |reports: Vec<Report>| -> Vec<Value> {
        reports.into_iter().filter_map(|it| it.output).collect()
    };
    let plain = |numbers: Vec<u64>| -> Result<Vec<u64>, String> {
        Ok(numbers.iter().map(|it| it + 1).collect())
    };
    assert_eq!(outputs(inputs().batch(plain).await), [json!(2), json!(3)]);
    let later = async |numbers: Vec<u64>| -> Vec<u64> { numbers };
    assert_eq!(outputs(inputs().batch(later).await), [json!(1), json!(2)]);
}

#[test]
fn a_batch_handler_can_still_be_called_as_a_function() {
    let texts = vec![Text {
        text: "abc".to_owned(),
    }];
    assert_eq!(measure(texts, State::new(Model { scale: 2 })), [Ok((6, 1))]);
}

#[cfg(feature = "openai")]
mod embeddings {
    use runpod::openai::{ApiError, EmbeddingRequest, Embeddings};

    use super::*;

    fn texts(request: &EmbeddingRequest) -> usize {
        request.input.len()
    }

    /// Returns for each text its length, and the number of requests in the call.
    #[runpod::handler(
        batch,
        openai = "embeddings",
        model = "lengths",
        weight = texts,
        max_weight = 8
    )]
    fn embed(requests: Vec<EmbeddingRequest>) -> Vec<Result<Embeddings, ApiError>> {
        #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
        let number = |length: usize| length as f32;
        let jobs = number(requests.len());
        let embed = |request: EmbeddingRequest| {
            if request.input.iter().any(String::is_empty) {
                return Err(ApiError::invalid("input", "input: a text is empty"));
            }
            let vectors = request.input.iter().map(|it| vec![number(it.len()), jobs]);
            Ok(Embeddings::new(vectors).with_prompt_tokens(request.input.len()))
        };
        requests.into_iter().map(embed).collect()
    }

    #[tokio::test]
    async fn requests_of_clients_share_a_call_and_each_gets_its_own_answer() {
        let queued =
            |body: Value| json!({ "openai_route": "/v1/embeddings", "openai_input": body });
        let reports = testing::Jobs::new([
            queued(json!({ "input": ["a", "bcd"] })),
            queued(json!({ "input": "" })),
            queued(json!({ "input": [] })),
            queued(json!({ "input": "bc", "encoding_format": "base64" })),
            json!({ "input": "abcd" }),
            queued(json!({ "input": vec!["x"; 9] })),
        ])
        .batch(embed)
        .await;
        let outputs: Vec<_> = reports.iter().map(|it| it.output.clone()).collect();
        let [
            Some(two),
            Some(empty),
            Some(none),
            Some(base64),
            Some(native),
            Some(heavy),
        ] = &outputs[..]
        else {
            panic!("{reports:?}");
        };
        // The call has four of the six requests. The others do not reach the handler.
        assert_eq!(two["data"][1]["embedding"], json!([3.0, 4.0]));
        assert_eq!(
            (&two["model"], &two["usage"]["prompt_tokens"]),
            (&json!("lengths"), &json!(2))
        );
        assert_eq!(native["data"][0]["embedding"], json!([4.0, 4.0]));
        assert_eq!(base64["data"][0]["embedding"], "AAAAQAAAgEA=");
        for (error, message) in [
            (empty, "input: a text is empty"),
            (
                none,
                "input: found an empty list; expected a string or a list of strings",
            ),
            (
                heavy,
                "input: its weight is 9, but `max_weight` allows at most 8",
            ),
        ] {
            assert_eq!(
                (&error["object"], &error["message"]),
                (&json!("error"), &json!(message))
            );
            assert_eq!(
                (&error["param"], &error["code"]),
                (&json!("input"), &json!(400))
            );
        }
    }
}
