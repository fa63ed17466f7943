//! Loading only what is new.
//!
//! [`Window`] is what is asked for, fixed once at the start of a run, and [`Windows`] what a `step` cuts it into;
//! [`RowFilter`] holds the rows against it, as dlt does, and keeps the cursor state. None of them does I/O nor reads the clock: the start of the run is given.

mod compare;
mod filter;
mod fold;
mod format;
mod hash;
mod lag;
#[cfg(test)]
mod tests;
mod window;
mod windows;

pub(crate) use filter::RowFilter;
pub use fold::fold_states;
pub use window::Window;
pub use windows::Windows;
