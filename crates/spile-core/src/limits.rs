//! Every bound of a run in one place.

/// Bounds that a run never passes. Passing one is an error that names it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Pages that one resource may fetch.
    pub pages_max: u64,
    /// Windows that a `step` may cut one cursor's range into.
    pub windows_max: u64,
    /// Parent rows that may have a cursor of their own.
    pub parent_cursors_max: usize,
    /// Bytes of one decompressed response body.
    pub body_bytes_max: usize,
    /// Redirects that one request may follow.
    pub redirects_max: u32,
    /// Levels of nesting in one record.
    pub nesting_max: usize,
    /// Columns of one table.
    pub columns_max: usize,
    /// Tables of one run.
    pub tables_max: usize,
    /// Pages that may wait between the network and the normaliser.
    pub pages_in_flight_max: usize,
    /// Bytes of bodies that were asked for ahead of their turn.
    pub ahead_bytes_max: usize,
    /// Resources that are fetched at the same time.
    pub resources_in_flight_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pages_max: 10_000_000,
            windows_max: 100_000,
            parent_cursors_max: 100_000,
            body_bytes_max: 256 << 20,
            redirects_max: 10,
            nesting_max: 64,
            columns_max: 4_000,
            tables_max: 1_000,
            pages_in_flight_max: 8,
            ahead_bytes_max: 64 << 20,
            resources_in_flight_max: 8,
        }
    }
}
