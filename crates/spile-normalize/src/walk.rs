//! From a record on the tape to rows of its table and its nested tables.
//!
//! A row is made in two steps. First the record's objects are flattened into cells (column, value) in dlt's order: the
//! scalars of a level, then its objects, the last one first; lists are set aside. Then the cells are written. Two keys
//! that meet in one column are thereby seen before anything is written: the later one is stored there, as in dlt, the
//! earlier one beside it, and a warning names both. Not here: types (`coerce`) and names (`naming`). Invariant: every scalar of a record is written to exactly
//! one cell, unless a warning names its key.

mod apart;
mod fields;
mod row_id;
mod write;

use spile_core::{Error, ErrorKind, Json, JsonKind, Result};

use crate::columns::Role;
use crate::ids::RootIdKind;
use crate::lineage::{Parent, Row, RowId};
use crate::literal;
use crate::normalizer::Normalizer;
use crate::table::{ParentValues, SystemValues};

/// The column of a list element that is a scalar, and of a record that is none.
pub(crate) const VALUE: &str = "value";

/// The key under which dlt puts a list that stands in a list.
const LIST: &str = "list";

/// Buffers of one page's walk.
#[derive(Default)]
pub(crate) struct Scratch<'a> {
    cells: Vec<Cell<'a>>,
    objects: Vec<Object<'a>>,
    lists: Vec<List<'a>>,
}

/// A value on its way to a column.
struct Cell<'a> {
    column: usize,
    /// Shape and field that it came from, for warnings.
    source: (usize, usize),
    value: Json<'a>,
}

/// An object that is still to be flattened.
struct Object<'a> {
    shape: usize,
    value: Json<'a>,
    at: Place,
}

/// A list that is still to become rows.
struct List<'a> {
    table: usize,
    source: (usize, usize),
    value: Json<'a>,
    depth: usize,
}

/// How deep a value is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Levels that may still become columns and tables; counted down, as dlt does.
    pub(crate) levels: u32,
    /// Levels above.
    pub(crate) depth: usize,
}

impl Place {
    fn below(self) -> Self {
        Self { levels: self.levels.saturating_sub(1), depth: self.depth + 1 }
    }
}

/// What a row is made of.
#[derive(Clone, Copy)]
enum Content<'a> {
    /// The members of an object.
    Object(Json<'a>),
    /// One value under a key that the data does not have.
    Single(&'static str, Json<'a>),
}

impl Normalizer {
    /// Turns one record into a row of a root table and rows of nested tables.
    pub(crate) fn push_record<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        table: usize,
        record: Json<'a>,
        at: Place,
    ) -> Result<()> {
        let content =
            if record.is_object() { Content::Object(record) } else { Content::Single(VALUE, record) };
        self.push_row(scratch, table, content, at, None)
    }

    fn push_row<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        table: usize,
        content: Content<'a>,
        at: Place,
        parent: Option<Parent>,
    ) -> Result<()> {
        self.row_stamp += 1;
        let first_list = scratch.lists.len();
        let given_id = self.flatten(scratch, table, content, at)?;
        let is_guarded = !self.tables[table].contract.is_open();
        if is_guarded && !self.is_table_admitted(table)? {
            scratch.cells.clear();
            scratch.lists.truncate(first_list);
            return Ok(());
        }
        let row_id = match (given_id, &parent) {
            (Some(id), _) => self.lineage.keep(id),
            (None, None) => RowId::Made(self.root_id(scratch, table, content)?),
            (None, Some(_)) => RowId::Pending,
        };
        self.tables[table].announce(&mut self.catalog)?;
        if is_guarded {
            if !self.write_guarded_cells(scratch, table)? {
                scratch.lists.truncate(first_list);
                return Ok(());
            }
        } else {
            self.write_cells(scratch, table)?;
        }
        let columns = &mut self.tables[table];
        columns.begin(&mut self.catalog)?;
        let place = columns.rows as u32;
        columns.end_row(&self.catalog)?;
        if self.root_id_kind == RootIdKind::KeyHash {
            if parent.is_none() {
                self.record_number = self.root_ids.next_number();
            }
            self.tables[table].link(self.record_number);
        }
        let number = self.lineage.add(Row { table: table as u32, number: place, parent }, row_id);
        let (root, level) = parent.map_or((number, 1), |parent| (parent.root, parent.level + 1));
        let child = Parent { row: number, root, level, index: 0 };
        for index in first_list..scratch.lists.len() {
            let List { table, value, depth, .. } = scratch.lists[index];
            // dlt counts a list's levels from its row, however deep the object is that holds the list.
            let at = Place { levels: at.levels.saturating_sub(1), depth };
            self.push_list(scratch, table, value, at, child)?;
        }
        scratch.lists.truncate(first_list);
        Ok(())
    }

    fn push_list<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        table: usize,
        list: Json<'a>,
        at: Place,
        parent: Parent,
    ) -> Result<()> {
        self.check_depth(at)?;
        for (index, element) in list.elements().enumerate() {
            let parent = Some(Parent { index: index as u32, ..parent });
            let (content, at) = match element.kind() {
                JsonKind::Object(_) => (Content::Object(element), at),
                JsonKind::Array(_) => (Content::Single(LIST, element), at.below()),
                _ => (Content::Single(VALUE, element), at),
            };
            self.push_row(scratch, table, content, at, parent)?;
        }
        Ok(())
    }

    /// Makes the ids of the page's rows and writes the columns that dlt adds.
    pub(crate) fn write_lineage(&mut self) -> Result<()> {
        let Self { lineage, tables, load_id, propagates_root_id, .. } = self;
        lineage.make_ids(|table| &tables[table].name);
        for (number, row) in (0_u32..).zip(lineage.rows()) {
            let parent = row.parent.as_ref().map(|parent| ParentValues {
                id: lineage.id(parent.row),
                root_id: propagates_root_id.then(|| lineage.id(parent.root)),
                index: parent.index,
            });
            let values =
                SystemValues { row: row.number as usize, row_id: lineage.id(number), load_id, parent };
            tables[row.table as usize].write_system(&values)?;
        }
        lineage.clear();
        Ok(())
    }

    /// Flattens a row's objects into cells and lists; returns the `_dlt_id` that the row brings along.
    fn flatten<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        table: usize,
        content: Content<'a>,
        at: Place,
    ) -> Result<Option<&'a str>> {
        let shape = self.row_shapes[table];
        let mut given_id = None;
        match content {
            Content::Object(value) => scratch.objects.push(Object { shape, value, at }),
            Content::Single(key, value) => {
                let field = self.find_field(shape, None, key)?;
                self.place(scratch, shape, field, value, at, &mut given_id)?;
            }
        }
        while let Some(object) = scratch.objects.pop() {
            let (cells, objects, lists) = (scratch.cells.len(), scratch.objects.len(), scratch.lists.len());
            if self.flatten_object(scratch, &object, object.value.members(), &mut given_id)? {
                continue;
            }
            // A key came twice. Start over with one member per key.
            scratch.cells.truncate(cells);
            scratch.objects.truncate(objects);
            scratch.lists.truncate(lists);
            let members = literal::last_wins(object.value);
            self.flatten_object(scratch, &object, members.into_iter(), &mut given_id)?;
        }
        Ok(given_id)
    }

    /// Flattens one level; `false` when a key came twice.
    fn flatten_object<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        object: &Object<'a>,
        members: impl Iterator<Item = (&'a str, Json<'a>)>,
        given_id: &mut Option<&'a str>,
    ) -> Result<bool> {
        self.check_depth(object.at)?;
        self.object_stamp += 1;
        let mut previous = None;
        for (key, value) in members {
            let index = self.find_field(object.shape, previous, key)?;
            let field = self.shapes[object.shape].field(index);
            if field.object_stamp == self.object_stamp {
                return Ok(false);
            }
            field.object_stamp = self.object_stamp;
            previous = Some(index);
            self.place(scratch, object.shape, index, value, object.at, given_id)?;
        }
        Ok(true)
    }

    /// Puts one member where it belongs: a cell, an object to flatten, or a list.
    #[inline]
    fn place<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        shape: usize,
        field: usize,
        value: Json<'a>,
        at: Place,
        given_id: &mut Option<&'a str>,
    ) -> Result<()> {
        let table = self.shapes[shape].table;
        let index = self.shapes[shape].field(field).column;
        let row_stamp = self.row_stamp;
        let column = &mut self.tables[table].columns[index];
        let source = (shape, field);
        match value.kind() {
            // A null is the same as no value, unless it takes the place of one.
            JsonKind::Null if column.row_stamp != row_stamp => {
                self.shapes[shape].field(field).saw_null = true;
                return Ok(());
            }
            JsonKind::Object(_) | JsonKind::Array(_) => {
                let is_kept = at.levels == 0 || column.data_type() == Some(spile_core::DataType::Json);
                if !is_kept {
                    return self.descend(scratch, source, value, at);
                }
                if literal::is_deeper(value, self.nesting_max.saturating_sub(at.depth)) {
                    return Err(self.too_deep());
                }
            }
            _ => {}
        }
        let column = &mut self.tables[table].columns[index];
        if column.role != Role::Data {
            self.place_reserved(source, index, value, given_id);
            return Ok(());
        }
        if column.row_stamp == row_stamp
            && let Some(cell) = scratch.cells.get_mut(column.slot).filter(|cell| cell.column == index)
        {
            let later = Cell { column: index, source, value };
            let earlier = std::mem::replace(cell, later);
            self.keep_cell_apart(scratch, table, &earlier, source);
            return Ok(());
        }
        column.row_stamp = row_stamp;
        column.slot = scratch.cells.len();
        scratch.cells.push(Cell { column: index, source, value });
        Ok(())
    }

    /// Sets an object or a list aside; empty ones leave no trace, as in dlt.
    fn descend<'a>(
        &mut self,
        scratch: &mut Scratch<'a>,
        source: (usize, usize),
        value: Json<'a>,
        at: Place,
    ) -> Result<()> {
        match value.kind() {
            JsonKind::Object(1..) => {
                let shape = self.object_shape(source);
                scratch.objects.push(Object { shape, value, at: at.below() });
            }
            JsonKind::Array(1..) => {
                let table = self.list_table(source)?;
                let list = List { table, source, value, depth: at.depth + 1 };
                let row_stamp = self.row_stamp;
                let seen = std::mem::replace(&mut self.list_stamps[table], row_stamp) == row_stamp;
                match scratch.lists.iter_mut().rev().find(|other| seen && other.table == table) {
                    Some(other) => {
                        let earlier = std::mem::replace(other, list);
                        self.keep_list_apart(scratch, &earlier, source)?;
                    }
                    None => scratch.lists.push(list),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes a value for a column that dlt reserves: a text `_dlt_id` is kept, the rest is made here.
    #[cold]
    fn place_reserved<'a>(
        &mut self,
        source: (usize, usize),
        column: usize,
        value: Json<'a>,
        given_id: &mut Option<&'a str>,
    ) {
        let table = &self.tables[self.shapes[source.0].table];
        let column = &table.columns[column];
        match value.as_str() {
            Some(id) if column.role == Role::RowId && !id.is_empty() => *given_id = Some(id),
            _ => self.warnings.add(format!(
                "table {}: the records' own {} is replaced, the name is reserved",
                table.name, column.name
            )),
        }
    }

    fn check_depth(&self, at: Place) -> Result<()> {
        if at.depth > self.nesting_max { Err(self.too_deep()) } else { Ok(()) }
    }

    #[cold]
    fn too_deep(&self) -> Error {
        Error::new(
            ErrorKind::Limit,
            "limit/nesting",
            format!("a record is nested deeper than {} levels", self.nesting_max),
        )
        .hint("Raise the nesting limit, or choose a data_selector that leads deeper.")
    }
}
