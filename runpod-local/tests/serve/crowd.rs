use runpod_local::Endpoint;
use rustix::process::{Resource, getrlimit};

use crate::wire::{Connection, get, queued, run, served};

/// Each connection needs two open files of this process, and the process may be limited to about a thousand.
fn as_many_as_may_be() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(20_000);
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    (files.saturating_sub(400) / 2).min(4_000)
}

#[tokio::test]
async fn thousands_of_open_connections_hold_nobody_up() {
    let endpoint = served(Endpoint::new().raise_open_file_limit(true)).await;
    let mut crowd = Vec::new();
    for number in 0..as_many_as_may_be() {
        let mut connection = Connection::open(&endpoint).await;
        match number % 4 {
            0 => {}
            1 => connection.send("POST /run HTTP/1.1\r\nHo").await,
            2 => {
                connection
                    .send(
                        "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                         Content-Length: 10000000\r\n\r\n{\"input\": ",
                    )
                    .await;
            }
            _ => {
                connection
                    .send(
                        "GET /status-sync/none-l1?wait=300000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    )
                    .await;
            }
        }
        crowd.push(connection);
        if number % 500 == 0 {
            assert_eq!(
                run(&endpoint).await.status,
                200,
                "with {number} connections"
            );
        }
    }
    assert_eq!(get(&endpoint, "/").await.status, 200);
    let submitted = crowd.len().div_ceil(500);
    assert_eq!(queued(&endpoint).await, submitted as u64);
    drop(crowd);
    assert_eq!(run(&endpoint).await.status, 200);
}
