//! Tests that nothing is lost. Workers run as real processes against an endpoint with random faults. A ledger records
//! everything that was handed out and everything that was accepted, and shows whether every promise was kept.
//!
//! The random numbers have a seed. The tests print the seed, and `RUNPOD_CHAOS_SEED` sets it. The fault of a request
//! depends on the seed, the scenario, the job and the attempt, but not on the order in which requests arrive.

mod answers;
mod big;
mod bounds;
mod connection;
mod crossing;
mod dice;
mod endpoint;
mod fault;
mod hung;
mod isolated;
mod jobs;
mod killed;
mod ledger;
mod life;
mod loud;
mod output;
mod pace;
mod process;
mod route;
mod soak;
mod stage;
mod threads;
mod trend;
mod unread;
mod verdict;
mod watched;
mod weather;
