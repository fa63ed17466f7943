//! Limits, errors, warnings and what differs from dlt on purpose.
