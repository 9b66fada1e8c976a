//! Connections, over real sockets and to the byte: who is let in, what is refused and how, faults on purpose, the API's
//! description.

mod bodies;
mod crowd;
mod ending;
mod faults;
mod guard;
mod openapi;
mod rates;
mod wire;
