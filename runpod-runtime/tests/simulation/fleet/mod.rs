//! Simulates an endpoint with up to 200 workers, with our rules, those of the Python SDK, and variants.

mod bars;
mod demand;
mod events;
mod exiting;
mod experiments;
mod jobs;
mod network;
mod outcome;
mod posting;
mod reality;
mod report;
mod rules;
mod run;
mod running;
mod scaling;
mod taking;
mod tests;
mod worker;
