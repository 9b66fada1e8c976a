//! The server from which files are downloaded. It serves them from memory.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::Outcome;
use crate::files::Files;

/// Serves the files until the process exits, and returns their URLs.
pub(crate) async fn serve(files: Files) -> Outcome<Vec<String>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let urls = (0..files.0.len())
        .map(|number| url(address, number))
        .collect();
    let listener = listener.tap_io(|stream| {
        // A connection that has closed already fails at its first read.
        let _ = stream.set_nodelay(true);
    });
    let routes = Router::new()
        .route("/{name}", get(content))
        .with_state(files);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(urls)
}

fn url(address: SocketAddr, number: usize) -> String {
    format!("http://{address}/{number}.bin")
}

/// The copy of a content only counts its references.
async fn content(Path(name): Path<String>, State(files): State<Files>) -> Response {
    let number = name
        .strip_suffix(".bin")
        .and_then(|it| it.parse::<usize>().ok());
    match number.and_then(|number| files.0.get(number)) {
        Some(content) => content.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
