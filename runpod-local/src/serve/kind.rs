//! The two kinds of server.

/// Which requests a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Those of clients and workers of a queue endpoint.
    Queue,
    /// Any request of a client, to be passed on to a worker.
    Balancer,
}
