//! Tests the example of the guide page *Images and audio*: images in all their forms, and inputs that are none.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::process::on_test_input;
use crate::served::Served;
use crate::session::Session;

/// Two pixels.
const COLOURS: [u8; 6] = [0, 10, 255, 1, 2, 3];
const INVERTED: [u8; 6] = [255, 245, 0, 254, 253, 252];

/// Returns an RGB image with one row.
fn image(colours: &[u8]) -> Vec<u8> {
    let mut image = Vec::new();
    let width = u32::try_from(colours.len() / 3).expect("the image is small");
    let mut encoder = png::Encoder::new(&mut image, width, 1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("memory can be written");
    writer
        .write_image_data(colours)
        .expect("memory can be written");
    drop(writer);
    image
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[track_caller]
fn assert_inverted(output: &Value) {
    let url = output["image"].as_str().expect("the image is a text");
    let content = url.strip_prefix("data:image/png;base64,");
    let content = content.unwrap_or_else(|| panic!("no data URL: {url}"));
    let content = STANDARD.decode(content).expect("the image is base64");
    let mut reader = png::Decoder::new(Cursor::new(content))
        .read_info()
        .expect("the image can be read");
    let mut pixels = [0; INVERTED.len()];
    reader
        .next_frame(&mut pixels)
        .expect("the image is complete");
    assert_eq!(pixels, INVERTED);
    assert_eq!(output["width"], 2);
}

#[tokio::test]
async fn a_test_job_shows_the_data_url() {
    let job = json!({ "input": { "image": base64(&image(&COLOURS)) } });
    let run = on_test_input("invert_image", &job).await;
    run.assert_code(0);
    run.assert_shows(&["data:image/png;base64,iVBOR", r#""width":2"#]);
}

#[tokio::test]
async fn base64_and_data_urls_are_images() {
    let image = base64(&image(&COLOURS));
    let (head, tail) = image.split_at(76);
    let inputs = [
        image.clone(),
        image.trim_end_matches('=').to_owned(),
        format!("{head}\r\n{tail}\n"),
        format!("data:image/png;base64,{image}"),
        format!("data:image/jpeg;base64,{image}"),
    ];
    let jobs = inputs
        .iter()
        .zip(1..)
        .map(|(image, id)| json!({ "id": format!("job-{id}"), "input": { "image": image } }));
    let mut session = Session::start("invert_image", jobs.collect::<Vec<_>>()).await;
    for (_, result) in session.results(inputs.len()).await {
        assert_inverted(&result["output"]);
    }
    session.stop().await.assert_code(0);
}

/// Answers each request with this file.
async fn file_server(file: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("the socket is bound");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = client.read(&mut request).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                file.len()
            );
            let _ = client.write_all(head.as_bytes()).await;
            let _ = client.write_all(&file).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn bad_inputs_fail_with_their_place_and_the_worker_lives_on() {
    let png = image(&COLOURS);
    let good = base64(&png);
    let pdf = file_server(b"%PDF-1.7 a document".to_vec()).await;
    let served = Served::start_with("invert_image", |worker| {
        worker.env("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true");
    })
    .await;
    let large = base64(&vec![0; 10_000_001]);
    let broken = {
        let mut png = png.clone();
        png[43..47].fill(7);
        base64(&png)
    };
    for (image, expected) in [
        (
            json!("cat.png"),
            "input.image: invalid value: base64 with the character `.` at byte 3",
        ),
        (
            json!("data:image/png;base64"),
            "input.image: invalid value: a data URL without a comma",
        ),
        (
            json!(good[..good.len() - 8]),
            "input.image: invalid value: a file that was cut off",
        ),
        (
            json!(base64(b"GIF89a and so on")),
            "input.image: found image/gif, expected image/png",
        ),
        (
            json!(base64(b"RIFF\x24\0\0\0WAVEfmt ")),
            "input.image: invalid value: a file of the type audio/wav, expected an image",
        ),
        (
            json!(7),
            "input.image: invalid type: integer `7`, expected an image as base64",
        ),
        (json!(broken), "input.image: cannot be decoded"),
        (
            json!(large),
            "input.image: invalid value: 10000001 bytes, expected an image of at most 10000000 bytes",
        ),
        (
            json!(format!("{pdf}/cat.png?signature=secret")),
            "/cat.png: found a file of the type application/pdf, expected an image",
        ),
        (
            json!("s3://bucket/cat.png"),
            "input.image: invalid value: a URL with the scheme `s3`",
        ),
    ] {
        let body = json!({ "input": { "image": image } });
        let job = served.post("/runsync", body).await;
        let error = job["error"].to_string();
        assert!(error.contains(expected), "{expected}\n{error:.1000}");
        assert!(!error.contains("secret"), "{error}");
    }
    // The endpoint refuses what no job can have.
    let body = json!({ "input": { "image": "A".repeat(21 << 20) } });
    let refused = served.post("/runsync", body).await.to_string();
    assert!(refused.contains("20971520"), "{refused}");

    let job = served
        .post("/runsync", json!({ "input": { "image": good } }))
        .await;
    assert_inverted(&job["output"]);
    let (code, _) = served.interrupt().await;
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn an_image_is_downloaded_from_a_url_and_private_addresses_are_blocked() {
    let url = file_server(image(&COLOURS)).await;
    let job = json!({ "input": { "image": format!("{url}/cat.png") } });
    let served = Served::start_with("invert_image", |worker| {
        worker.env("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true");
    })
    .await;
    assert_inverted(&served.post("/runsync", job.clone()).await["output"]);
    served.interrupt().await;

    let run = on_test_input("invert_image", &job).await;
    run.assert_code(1);
    run.assert_shows(&["/cat.png could not be downloaded", "not a public address"]);
}
