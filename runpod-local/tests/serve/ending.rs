use std::io;

use runpod_local::Endpoint;
use tokio::net::TcpStream;

use crate::wire::{Connection, served};

#[tokio::test(start_paused = true)]
async fn at_the_end_held_requests_are_answered_and_idle_connections_closed() {
    let endpoint = served(Endpoint::new()).await;
    let address = endpoint.address();
    let mut idle = Connection::open(&endpoint).await;
    idle.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert_eq!(idle.answer().await.status, 200);
    let mut held = Connection::open(&endpoint).await;
    held.send("GET /job-take/worker HTTP/1.1\r\nHost: localhost\r\nAuthorization: local\r\n\r\n")
        .await;
    let mut watching = Connection::open(&endpoint).await;
    watching
        .send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    // This answer shows that the endpoint has read the earlier requests too.
    assert_eq!(watching.answer().await.status, 200);

    endpoint.shutdown().await;
    assert_eq!(held.answer().await.status, 204);
    held.end().await.unwrap();
    idle.end().await.unwrap();
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_does_not_hold_up_the_end() {
    let endpoint = served(Endpoint::new()).await;
    let mut endless = Connection::open(&endpoint).await;
    endless
        .send(
            "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"inp",
        )
        .await;
    endpoint.shutdown().await;
    assert!(endless.try_answer().await.is_err());
}
