//! Coercions, as dlt has them.
