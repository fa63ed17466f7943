//! Runs the line.
