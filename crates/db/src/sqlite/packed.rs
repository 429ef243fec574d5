//! A row of SQLite in one piece of memory.

use rusqlite::types::{FromSqlError, Type, ValueRef};
use rusqlite::{Error, Row, ffi};

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// A place in the row's own bytes.
type Place = u32;

/// The values of a row: first where each column begins and the last one ends, then of each column its kind and its
/// content. One allocation of just that size: as separate values a list of a thousand rows takes several times as much.
#[derive(Debug)]
pub(crate) struct PackedRow(Box<[u8]>);

impl PackedRow {
    /// The value in a column, counted from 0.
    pub(crate) fn get(&self, column: usize) -> Option<ValueRef<'_>> {
        let next = column.checked_add(1)?;
        if next.checked_mul(size_of::<Place>())? >= self.place(0)? {
            return None;
        }
        let (kind, content) = self.0.get(self.place(column)?..self.place(next)?)?.split_first()?;
        Some(match *kind {
            INTEGER => ValueRef::Integer(i64::from_le_bytes(content.try_into().ok()?)),
            REAL => ValueRef::Real(f64::from_le_bytes(content.try_into().ok()?)),
            TEXT => ValueRef::Text(content),
            BLOB => ValueRef::Blob(content),
            _ => ValueRef::Null,
        })
    }

    fn place(&self, index: usize) -> Option<usize> {
        let at = index.checked_mul(size_of::<Place>())?;
        let bytes = self.0.get(at..)?.first_chunk::<{ size_of::<Place>() }>()?;
        usize::try_from(Place::from_le_bytes(*bytes)).ok()
    }
}

/// Packs the rows of one result, in a buffer that they share until each has its size.
#[derive(Debug, Default)]
pub(super) struct Packer(Vec<u8>);

impl Packer {
    /// The row that the statement is at. Text that is not UTF-8 is refused.
    pub(super) fn pack(&mut self, row: &Row<'_>, width: usize) -> Result<PackedRow, Error> {
        let packed = &mut self.0;
        packed.clear();
        packed.resize((width + 1) * size_of::<Place>(), 0);
        for column in 0..width {
            mark(packed, column)?;
            let (kind, content): (u8, &[u8]) = match row.get_ref(column)? {
                ValueRef::Null => (NULL, &[]),
                ValueRef::Integer(number) => (INTEGER, &number.to_le_bytes()),
                ValueRef::Real(number) => (REAL, &number.to_le_bytes()),
                ValueRef::Text(text) => (TEXT, checked(text, column)?),
                ValueRef::Blob(bytes) => (BLOB, bytes),
            };
            packed.push(kind);
            packed.extend_from_slice(content);
        }
        mark(packed, width)?;
        Ok(PackedRow(packed.as_slice().into()))
    }
}

/// Notes that the column begins here. SQLite's own bound of a row is a billion bytes, less than a place can tell.
fn mark(packed: &mut [u8], column: usize) -> Result<(), Error> {
    let too_big = || Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_TOOBIG), None);
    let here = Place::try_from(packed.len()).map_err(|_| too_big())?;
    let at = column * size_of::<Place>();
    packed[at..at + size_of::<Place>()].copy_from_slice(&here.to_le_bytes());
    Ok(())
}

fn checked(text: &[u8], column: usize) -> Result<&[u8], Error> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Error::FromSqlConversionFailure(
            column,
            Type::Text,
            Box::new(FromSqlError::Other(Box::new(error))),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(sql: &str) -> Result<PackedRow, Error> {
        let flags = rusqlite::OpenFlags::default();
        let connection = headroom::sqlite::open(":memory:".as_ref(), flags).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let width = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        Packer::default().pack(rows.next().unwrap().unwrap(), width)
    }

    #[test]
    fn every_kind_of_value_comes_back_from_its_column() {
        let row = packed("SELECT NULL, -7, 'Zoë', '', x'00ff', x'', 1.5, 9223372036854775807").unwrap();
        let expected = [
            ValueRef::Null,
            ValueRef::Integer(-7),
            ValueRef::Text("Zoë".as_bytes()),
            ValueRef::Text(b""),
            ValueRef::Blob(&[0, 255]),
            ValueRef::Blob(b""),
            ValueRef::Real(1.5),
            ValueRef::Integer(i64::MAX),
        ];
        for (column, value) in expected.into_iter().enumerate() {
            assert_eq!(row.get(column), Some(value), "column {column}");
        }
        for beyond in [expected.len(), expected.len() + 1, usize::MAX] {
            assert_eq!(row.get(beyond), None);
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        let error = packed("SELECT 1, CAST(x'ff41' AS TEXT)").unwrap_err();
        assert!(matches!(error, Error::FromSqlConversionFailure(1, Type::Text, _)), "{error}");
    }
}
