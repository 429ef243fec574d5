use crate::Column;
use crate::row::decode;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable};
use sqlx::postgres::PgRow;

/// A moment in a row: `timestamptz` on PostgreSQL, integer microseconds since the epoch on SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub DateTime<Utc>);

impl From<DateTime<Utc>> for Stamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time)
    }
}

impl From<Stamp> for DateTime<Utc> {
    fn from(stamp: Stamp) -> Self {
        stamp.0
    }
}

impl From<Stamp> for Value {
    fn from(stamp: Stamp) -> Self {
        Self::ChronoDateTimeUtc(Some(stamp.0))
    }
}

impl Nullable for Stamp {
    fn null() -> Value {
        Value::ChronoDateTimeUtc(None)
    }
}

impl ValueType for Stamp {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        match value {
            Value::ChronoDateTimeUtc(Some(time)) => Ok(Self(time)),
            _ => Err(ValueTypeErr),
        }
    }

    fn type_name() -> String {
        "Stamp".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::ChronoDateTimeUtc
    }

    fn column_type() -> ColumnType {
        ColumnType::TimestampWithTimeZone
    }
}

impl Column for Stamp {
    const KIND: &'static str = "a time in microseconds";

    fn of_sqlite(value: rusqlite::types::ValueRef<'_>) -> Option<Self> {
        i64::of_sqlite(value).and_then(DateTime::from_timestamp_micros).map(Self)
    }

    fn of_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        decode::<DateTime<Utc>>(row, place).map(Self)
    }
}

/// SeaORM wants its entities' fields to be readable by its own executor too, which this project does not use.
impl TryGetable for Stamp {
    fn try_get_by<I: ColIdx>(_: &QueryResult, index: I) -> Result<Self, TryGetError> {
        Err(TryGetError::DbErr(DbErr::Type(format!("rows are read by `db::Row`, column {index:?} too"))))
    }
}
