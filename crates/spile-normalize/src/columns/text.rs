//! Variable-length values: texts and bytes, end to end in one buffer with offsets.

use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use spile_core::{Error, ErrorKind, Result};

/// Texts or bytes under way to an Arrow array.
pub(crate) struct TextValues {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
}

impl TextValues {
    /// Makes an empty buffer.
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0] }
    }

    /// Appends a value.
    #[inline]
    pub(crate) fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.end();
    }

    /// Returns the buffer, to append a value in place; [`TextValues::end`] completes it.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the value that was written into the buffer.
    #[inline]
    pub(crate) fn end(&mut self) {
        // `finish` refuses buffers in which this cast would wrap.
        self.offsets.push(self.bytes.len() as i32);
    }

    /// Appends empty places.
    pub(crate) fn pad(&mut self, count: usize) {
        let end = self.bytes.len() as i32;
        self.offsets.resize(self.offsets.len() + count, end);
    }

    /// Drops the values from a place on.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.offsets.truncate(count + 1);
        let end = self.offsets.last().copied().unwrap_or(0);
        self.bytes.truncate(end as usize);
    }

    /// Returns how many bytes are held.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len() + self.offsets.len() * 4
    }

    /// Takes the values, leaving room for as many again.
    pub(crate) fn finish(&mut self) -> Result<(OffsetBuffer<i32>, Buffer)> {
        if i32::try_from(self.bytes.len()).is_err() {
            return Err(Error::new(
                ErrorKind::Limit,
                "limit/batch-bytes",
                "one column holds more than 2 GiB of text between two flushes",
            )
            .hint("Lower the page size of this resource."));
        }
        let (rows, size) = (self.offsets.len(), self.bytes.len());
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(size));
        let mut next = Vec::with_capacity(rows);
        next.push(0);
        let offsets = std::mem::replace(&mut self.offsets, next);
        Ok((OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(bytes)))
    }
}
