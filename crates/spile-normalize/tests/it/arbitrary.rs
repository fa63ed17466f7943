//! Arbitrary pages.
