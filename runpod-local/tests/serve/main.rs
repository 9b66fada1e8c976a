//! Tests connections over real sockets, byte by byte: admitted and refused requests, injected errors, and the API's
//! description.

mod bodies;
mod crowd;
mod ending;
mod faults;
mod guard;
mod openapi;
mod rates;
mod wire;
