//! The endpoint over real HTTP on loopback: clients on one side, workers on the other.

mod ending;
mod owner;
mod requests;
mod results;
mod site;
mod streams;
mod webhooks;
mod workers;
