//! Extraction over real sockets on the loopback interface: what goes over the wire and what comes out as pages.

#![expect(clippy::unwrap_used, reason = "tests panic")]

mod canaries;
mod compressed;
mod fault_table;
mod faults;
mod fixture;
mod paging;
mod parallel;
mod secrets;
mod server;
#[path = "../../src/testing.rs"]
mod testing;
mod tokens;
