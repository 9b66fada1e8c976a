//! Tests of the endpoint over real HTTP on loopback, with clients and workers.

mod ending;
mod owner;
mod requests;
mod results;
mod site;
mod streams;
mod webhooks;
mod workers;
