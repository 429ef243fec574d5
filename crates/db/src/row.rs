use crate::sqlite::packed::PackedRow;
use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type, ValueRef as _};
use std::sync::Arc;
use uuid::Uuid;

/// One row of a result.
#[derive(Debug)]
pub struct Row(Kind);

#[derive(Debug)]
enum Kind {
    Sqlite { columns: Arc<ColumnNames>, values: PackedRow },
    Postgres(PgRow),
}

/// The names of a result's columns in one text, so that a result of any width costs one allocation for them.
#[derive(Debug, Default)]
pub(crate) struct ColumnNames(String);

const NAME_END: char = '\0';

impl ColumnNames {
    pub(crate) fn push(&mut self, name: &str) {
        self.0.push_str(name);
        self.0.push(NAME_END);
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.0.split(NAME_END).position(|known| known == name)
    }
}

/// A column that could not be read as asked: it is not there, is null, or holds another kind of value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` of the result {problem}")]
pub struct Misread {
    column: String,
    problem: String,
}

impl Misread {
    /// The problem follows the column's name in the message.
    pub fn new(column: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { column: column.into(), problem: problem.into() }
    }
}

impl Row {
    pub(crate) fn sqlite(columns: Arc<ColumnNames>, values: PackedRow) -> Self {
        Self(Kind::Sqlite { columns, values })
    }

    pub(crate) fn postgres(row: PgRow) -> Self {
        Self(Kind::Postgres(row))
    }

    /// The value in the column of this place, counted from 0.
    pub fn at<T: Column>(&self, place: usize) -> Result<T, Misread> {
        match &self.0 {
            Kind::Sqlite { values, .. } => {
                let value =
                    values.get(place).ok_or_else(|| Misread::new(place.to_string(), "is not there"))?;
                T::of_sqlite(value).ok_or_else(|| {
                    Misread::new(place.to_string(), format!("is {:?}, not {}", value.data_type(), T::KIND))
                })
            }
            Kind::Postgres(row) => {
                T::of_postgres(row, place).map_err(|error| Misread::new(place.to_string(), error.to_string()))
            }
        }
    }

    /// The value in the column of this name.
    pub fn get<T: Column>(&self, name: &str) -> Result<T, Misread> {
        let place = match &self.0 {
            Kind::Sqlite { columns, .. } => columns.find(name),
            Kind::Postgres(row) => row.try_column(name).ok().map(sqlx::Column::ordinal),
        };
        let place = place.ok_or_else(|| Misread::new(name, "is not there"))?;
        self.at(place).map_err(|misread| Misread::new(name, misread.problem))
    }
}

/// What a column can be read as. Exact: a number is never read as text, and null only as an `Option`.
pub trait Column: Sized {
    /// The kind in error messages.
    const KIND: &'static str;

    /// The value as SQLite keeps it, if it is of this kind.
    fn of_sqlite(value: ValueRef<'_>) -> Option<Self>;

    /// The value as PostgreSQL sends it.
    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error>;
}

/// A type that is made from a whole row, by the names of its columns.
pub trait FromRow: Sized {
    /// Reads the row.
    fn from_row(row: &Row) -> Result<Self, Misread>;
}

impl<T: Column> Column for Option<T> {
    const KIND: &'static str = T::KIND;

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            value => T::of_sqlite(value).map(Some),
        }
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        if row.try_get_raw(place)?.is_null() { Ok(None) } else { T::of_postgres(row, place).map(Some) }
    }
}

pub(crate) fn decode<T>(row: &PgRow, place: usize) -> Result<T, sqlx::Error>
where
    T: Type<Postgres> + for<'r> Decode<'r, Postgres>,
{
    row.try_get(place)
}

fn integer(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Integer(number) => Some(number),
        _ => None,
    }
}

fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

fn blob(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Blob(bytes) => Some(bytes),
        _ => None,
    }
}

impl Column for i64 {
    const KIND: &'static str = "a whole number";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        integer(value)
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}

impl Column for i32 {
    const KIND: &'static str = "a small whole number";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        integer(value)?.try_into().ok()
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}

impl Column for bool {
    const KIND: &'static str = "yes or no";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        match integer(value)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}

impl Column for String {
    const KIND: &'static str = "text";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        text(value).map(str::to_owned)
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}

impl Column for Vec<u8> {
    const KIND: &'static str = "bytes";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        blob(value).map(<[u8]>::to_vec)
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}

impl Column for Uuid {
    const KIND: &'static str = "an id";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        Uuid::from_slice(blob(value)?).ok()
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}

impl Column for NaiveDate {
    const KIND: &'static str = "a day";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        text(value)?.parse().ok()
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}

impl Column for sea_orm::JsonValue {
    const KIND: &'static str = "JSON";

    fn of_sqlite(value: ValueRef<'_>) -> Option<Self> {
        serde_json::from_str(text(value)?).ok()
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode(row, place)
    }
}
