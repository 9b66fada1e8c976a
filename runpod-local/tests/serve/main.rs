//! Connections over real sockets, checked byte by byte: which clients are let in, what is refused and how, injected
//! errors, and the API's description.

mod bodies;
mod crowd;
mod ending;
mod faults;
mod guard;
mod openapi;
mod rates;
mod wire;
