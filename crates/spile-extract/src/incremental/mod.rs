//! Loading only what is new.
//!
//! [`Window`] is what is asked for, fixed once at the start of a run; [`RowFilter`] holds the rows against it, as dlt
//! does, and keeps the cursor state. Neither does I/O nor reads the clock: the start of the run is given.

mod compare;
mod filter;
mod format;
mod hash;
mod lag;
#[cfg(test)]
mod tests;
mod window;

pub(crate) use filter::RowFilter;
pub use window::Window;
