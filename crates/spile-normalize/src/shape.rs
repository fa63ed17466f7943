//! Where the keys of an object go: names resolved once per distinct key, and a guess which key comes next.
//!
//! Objects of one place in a document repeat their keys in the same order, so a key is first compared with the one that
//! followed last time; only on a surprise is it hashed. Not here: values. Invariant: a field's column is a column of the
//! shape's table.

use rustc_hash::FxHashMap;

/// No field.
const NONE: usize = usize::MAX;

/// A place in a document where objects stand.
pub(crate) struct Shape {
    /// The table that its scalars go to.
    pub(crate) table: usize,
    /// Normalised path inside the table, not shortened; empty for the table's own rows.
    pub(crate) prefix: String,
    fields: Vec<Field>,
    by_key: FxHashMap<Box<str>, usize>,
    first: usize,
}

/// A key of a shape.
pub(crate) struct Field {
    /// The key as the data has it.
    pub(crate) key: Box<str>,
    /// Normalised path inside the table, not shortened.
    pub(crate) path: String,
    /// The column of that path.
    pub(crate) column: usize,
    /// The shape of objects under this key.
    pub(crate) object: Option<usize>,
    /// The table of lists under this key.
    pub(crate) list: Option<usize>,
    /// The object that had this key last, to see keys that repeat.
    pub(crate) object_stamp: u64,
    /// Whether null came.
    pub(crate) saw_null: bool,
    is_told: bool,
    next: usize,
}

impl Shape {
    /// Makes the shape of a place.
    pub(crate) fn new(table: usize, prefix: String) -> Self {
        Self { table, prefix, fields: Vec::new(), by_key: FxHashMap::default(), first: NONE }
    }

    /// Finds a key; `previous` is the field before it in this object.
    #[inline]
    pub(crate) fn find(&mut self, previous: Option<usize>, key: &str) -> Option<usize> {
        let guess = previous.map_or(self.first, |previous| self.fields[previous].next);
        match self.fields.get(guess) {
            Some(field) if &*field.key == key => Some(guess),
            _ => self.find_slow(previous, key),
        }
    }

    #[cold]
    fn find_slow(&mut self, previous: Option<usize>, key: &str) -> Option<usize> {
        let found = *self.by_key.get(key)?;
        self.follow(previous, found);
        Some(found)
    }

    /// Adds a key that [`Shape::find`] did not find.
    pub(crate) fn add(&mut self, previous: Option<usize>, key: &str, path: String, column: usize) -> usize {
        let added = self.fields.len();
        self.fields.push(Field {
            key: key.into(),
            path,
            column,
            object: None,
            list: None,
            object_stamp: 0,
            saw_null: false,
            is_told: false,
            next: NONE,
        });
        self.by_key.insert(key.into(), added);
        self.follow(previous, added);
        added
    }

    fn follow(&mut self, previous: Option<usize>, field: usize) {
        match previous {
            Some(previous) => self.fields[previous].next = field,
            None => self.first = field,
        }
    }

    /// Returns a field.
    #[inline]
    pub(crate) fn field(&mut self, field: usize) -> &mut Field {
        &mut self.fields[field]
    }

    /// Returns the keys that came with null and never with an object or a list, each once.
    pub(crate) fn new_nulls(&mut self) -> impl Iterator<Item = &Field> {
        self.fields.iter_mut().filter_map(|field| {
            let is_new = field.saw_null && !field.is_told && field.object.is_none() && field.list.is_none();
            field.is_told |= field.saw_null;
            is_new.then_some(&*field)
        })
    }

    /// Returns how many distinct keys were seen.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }
}
