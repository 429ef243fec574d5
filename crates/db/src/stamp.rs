use chrono::{DateTime, Utc};
use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable};

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

impl TryGetable for Stamp {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        if let Some(time) = row.try_get_from_sqlx_postgres::<DateTime<Utc>, I>(index) {
            return time.map(Self);
        }
        let micros = i64::try_get_by(row, index)?;
        DateTime::from_timestamp_micros(micros).map(Self).ok_or_else(|| {
            TryGetError::DbErr(sea_orm::DbErr::Type(format!(
                "{micros} is not a time in microseconds ({index:?})"
            )))
        })
    }
}
