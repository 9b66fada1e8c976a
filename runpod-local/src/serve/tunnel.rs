//! A connection that has switched to another protocol, such as WebSocket. From then on, bytes are passed on between the
//! client and the other side.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};

/// The other side of such a connection. It is in the extensions of the response that switches the protocol.
#[derive(Clone)]
pub(crate) struct Tunnel(Arc<Mutex<Option<Side>>>);

struct Side {
    other: Upgraded,
    _kept: Box<dyn Send>,
}

impl Tunnel {
    /// `kept` is dropped when the tunnel ends.
    pub(crate) fn new(other: Upgraded, kept: impl Send + 'static) -> Self {
        let side = Side {
            other,
            _kept: Box::new(kept),
        };
        Self(Arc::new(Mutex::new(Some(side))))
    }

    /// Passes on bytes in both directions until both sides have ended. `unread` are the bytes that the client has
    /// already sent.
    pub(super) async fn run(self, mut client: impl AsyncRead + AsyncWrite + Unpin, unread: &[u8]) {
        let side = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Side { other, _kept }) = side else {
            return;
        };
        let mut other = TokioIo::new(other);
        // If one side breaks the connection, the other side's connection is closed, too.
        if other.write_all(unread).await.is_ok() {
            let _ = copy_bidirectional(&mut client, &mut other).await;
        }
    }
}
