use runpod_local::Endpoint;

use crate::wire::{Connection, ask, queued, run, served};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_client_that_sends_too_much_reads_why() {
    let endpoint = served(Endpoint::new()).await;
    let body = format!("{{\"input\": \"{}\"}}", "x".repeat(10 * MIB));
    // Like most clients, this client writes the whole body before it reads anything.
    let answer = ask(&endpoint, "POST", "/run", &[], &body).await;
    assert_eq!(answer.status, 413);
    assert!(
        answer.error().contains("10485760 bytes (10 MiB)"),
        "{answer:?}"
    );
    // /runsync accepts larger bodies.
    let answer = ask(&endpoint, "POST", "/runsync?wait=1000", &[], &body).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_before_it_sends() {
    let endpoint = served(Endpoint::new()).await;
    let mut connection = Connection::open(&endpoint).await;
    connection
        .send(
            "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
             Content-Length: 20000000\r\n\r\n",
        )
        .await;
    assert_eq!(connection.answer().await.status, 413);
    connection.end().await.unwrap();
}

#[tokio::test]
async fn a_body_without_a_length_is_limited_as_well() {
    let endpoint = served(Endpoint::new()).await;
    let mut connection = Connection::open(&endpoint).await;
    connection
        .send(
            "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .await;
    let chunk = format!("{MIB:x}\r\n{}\r\n", "x".repeat(MIB));
    for _ in 0..11 {
        connection.send(&chunk).await;
    }
    connection.send("0\r\n\r\n").await;
    assert_eq!(connection.answer().await.status, 413);
    connection.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_answered_after_a_while() {
    let endpoint = served(Endpoint::new()).await;
    let mut connection = Connection::open(&endpoint).await;
    connection
        .send(
            "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"inp",
        )
        .await;
    let answer = connection.answer().await;
    assert_eq!(answer.status, 408);
    assert!(answer.error().contains("5 bytes arrived"), "{answer:?}");
    connection.end().await.unwrap();
    assert_eq!(queued(&endpoint).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_stops_ends_the_connection() {
    let endpoint = served(Endpoint::new()).await;
    let mut connection = Connection::open(&endpoint).await;
    connection.send("POST /run HTTP/1.1\r\nHost: loc").await;
    connection.end().await.unwrap();
    assert_eq!(run(&endpoint).await.status, 200);
}

#[tokio::test]
async fn clients_that_leave_in_the_middle_do_no_harm() {
    let endpoint = served(Endpoint::new()).await;
    for part in [
        "",
        "PO",
        "POST /run HTTP/1.1\r\n",
        "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"inp",
        "GET /job-take/gone HTTP/1.1\r\nHost: localhost\r\nAuthorization: local\r\n\r\n",
    ] {
        let mut connection = Connection::open(&endpoint).await;
        connection.send(part).await;
    }
    assert_eq!(run(&endpoint).await.status, 200);
    assert_eq!(queued(&endpoint).await, 1);
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let endpoint = served(Endpoint::new()).await;
    for (bytes, status) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n"[..],
            400,
        ),
        (b"nonsense\r\n\r\n", 400),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
            400,
        ),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
    ] {
        let mut connection = Connection::open(&endpoint).await;
        connection.send(bytes).await;
        let answer = connection.answer().await;
        assert_eq!(answer.status, status, "{}", bytes.escape_ascii());
    }
    assert_eq!(run(&endpoint).await.status, 200);
}

#[tokio::test]
async fn several_requests_on_one_connection_are_answered_in_order() {
    let endpoint = served(Endpoint::new()).await;
    let mut connection = Connection::open(&endpoint).await;
    let one = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let other = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";
    connection.send(format!("{one}{other}{one}")).await;
    for status in [200, 404, 200] {
        assert_eq!(connection.answer().await.status, status);
    }
}

#[tokio::test]
async fn other_content_types_are_refused_with_a_word_on_the_right_one() {
    let endpoint = served(Endpoint::new()).await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ] {
        let answer = ask(
            &endpoint,
            "POST",
            "/run",
            &[("Content-Type", kind)],
            "{\"input\": 1}",
        )
        .await;
        assert_eq!(answer.status, 415, "{kind}");
        assert!(
            answer
                .error()
                .contains("-H 'Content-Type: application/json'"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_compressed_or_no_utf_8_is_told_so_and_not_called_bad_json() {
    let endpoint = served(Endpoint::new()).await;
    let body = "{\"input\": 1}";
    for (headers, words) in [
        (
            &[("Content-Encoding", "gzip")][..],
            "compressed (its Content-Encoding is gzip)",
        ),
        (&[("Content-Encoding", "br")], "its Content-Encoding is br"),
        (
            &[("Content-Encoding", "identity, deflate")],
            "identity, deflate",
        ),
        (
            &[("Content-Type", "application/json; charset=utf-16")],
            "charset is utf-16",
        ),
    ] {
        for path in [
            "/run",
            "/runsync",
            "/job-done/w/5b0f0c4e-6a1c-4b7e-9a54-2f3a4d1e6b70-l1",
            "/job-stream/w/5b0f0c4e-6a1c-4b7e-9a54-2f3a4d1e6b70-l1",
        ] {
            if path.starts_with("/job") && headers[0].0 == "Content-Type" {
                // These routes do not check the type, because workers declare a form.
                continue;
            }
            let answer = ask(&endpoint, "POST", path, headers, body).await;
            assert_eq!(answer.status, 415, "{path} {headers:?}: {answer:?}");
            assert!(answer.error().contains(words), "{answer:?}");
        }
    }
    for headers in [
        [("Content-Encoding", "identity")],
        [("Content-Type", "Application/JSON; Charset=\"UTF-8\"")],
    ] {
        let answer = ask(&endpoint, "POST", "/run", &headers, body).await;
        assert_eq!(answer.status, 200, "{headers:?}");
    }
    for (bytes, status, words) in [
        (&b"\x1f\x8b\x08\0\0"[..], 415, "begins like gzip"),
        (b"\xff\xfe{\0}\0", 415, "UTF-16"),
        (b"\xef\xbb\xbf{\"input\": 1}", 400, "byte order mark"),
    ] {
        let mut connection = Connection::open(&endpoint).await;
        let head = format!(
            "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        connection.send([head.as_bytes(), bytes].concat()).await;
        let answer = connection.answer().await;
        assert_eq!(answer.status, status, "{words}");
        assert!(answer.error().contains(words), "{answer:?}");
    }
    let faults = [("Content-Encoding", "gzip")];
    let answer = ask(&endpoint, "PUT", "/local/faults", &faults, "{}").await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn what_runpod_has_and_this_endpoint_does_not_says_so() {
    let endpoint = served(Endpoint::new()).await;
    let body = "{\"input\": 1}";
    for (method, path, name) in [
        ("POST", "/v2/local/batch", "/batch"),
        ("GET", "/batch/b-1/requests?offset=0", "/batch"),
        ("GET", "/v2/local/requests", "/requests"),
        ("POST", "/run?ttl=60000", "?ttl="),
        ("POST", "/runsync?wait=1000&ttl=60000", "?ttl="),
        ("GET", "/status/none?ttl=60000", "?ttl="),
        ("GET", "/status-sync/none?ttl=60000", "?ttl="),
        ("GET", "/stream/none?ttl=60000", "?ttl="),
    ] {
        let answer = ask(&endpoint, method, path, &[], body).await;
        assert_eq!(answer.status, 501, "{path}");
        assert!(answer.error().contains(name), "{answer:?}");
        assert!(answer.error().contains("does not implement"), "{answer:?}");
    }
    assert_eq!(queued(&endpoint).await, 0);
}

#[tokio::test]
async fn wrong_methods_and_paths_are_told_so() {
    let endpoint = served(Endpoint::new()).await;
    for (method, path, allowed) in [
        ("GET", "/run", "POST"),
        ("DELETE", "/v2/local/run", "POST"),
        ("POST", "/health", "GET,HEAD"),
        ("PATCH", "/local/faults", "GET,HEAD,PUT,DELETE"),
        ("BREW", "/runsync", "POST"),
    ] {
        let answer = ask(&endpoint, method, path, &[], "").await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        assert!(!answer.error().is_empty());
    }
    for path in [
        "/nowhere",
        "/v2/local/nowhere",
        "/v2/other/run",
        "/status/",
        "/status/%FF",
    ] {
        let answer = ask(&endpoint, "GET", path, &[], "").await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        assert!(!answer.error().is_empty());
    }
}
