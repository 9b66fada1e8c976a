//! Is anything lost? Workers run as real processes against an endpoint that misbehaves by dice, and a ledger of all that
//! was handed out and all that was accepted says whether every promise was kept.
//!
//! The dice are seeded: the seed is printed, and `RUNPOD_CHAOS_SEED` gives it back. What happens to a request depends on
//! the seed, the scenario, the job and the attempt, and not on which request came first.

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
