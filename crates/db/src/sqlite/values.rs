use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use sea_orm::sea_query::{Value, Values};

/// Binds the values to the statement's place holders: `$3` takes the third value, a bare `?` the one of its place.
pub(super) fn bind(statement: &mut rusqlite::Statement<'_>, values: &Values) -> Result<(), rusqlite::Error> {
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(number_of).unwrap_or(place);
        let Some(value) = number.checked_sub(1).and_then(|index| values.0.get(index)) else {
            return Err(rusqlite::Error::InvalidParameterCount(values.0.len(), number));
        };
        statement.raw_bind_parameter(place, stored(value)?)?;
    }
    Ok(())
}

fn number_of(name: &str) -> Option<usize> {
    name.get(1..)?.parse().ok()
}

/// The bytes of the values that are text or blobs.
pub(super) fn size_bytes(values: &Values) -> usize {
    values
        .0
        .iter()
        .map(|value| match value {
            Value::String(Some(text)) => text.len(),
            Value::Bytes(Some(bytes)) => bytes.len(),
            _ => 0,
        })
        .sum()
}

/// How the embedded database keeps a value: an id as 16 bytes, a time as integer microseconds, a day and JSON as text,
/// yes and no as 1 and 0.
fn stored(value: &Value) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
    let integer = |number: i64| ToSqlOutput::Owned(Owned::Integer(number));
    let text = |text: String| ToSqlOutput::Owned(Owned::Text(text));
    let null = ToSqlOutput::Owned(Owned::Null);
    Ok(match value {
        Value::Bool(value) => value.map_or(null, |value| integer(value.into())),
        Value::TinyInt(value) => value.map_or(null, |value| integer(value.into())),
        Value::SmallInt(value) => value.map_or(null, |value| integer(value.into())),
        Value::Int(value) => value.map_or(null, |value| integer(value.into())),
        Value::BigInt(value) => value.map_or(null, integer),
        Value::TinyUnsigned(value) => value.map_or(null, |value| integer(value.into())),
        Value::SmallUnsigned(value) => value.map_or(null, |value| integer(value.into())),
        Value::Unsigned(value) => value.map_or(null, |value| integer(value.into())),
        Value::BigUnsigned(Some(value)) => match i64::try_from(*value) {
            Ok(number) => integer(number),
            Err(error) => return Err(refused(error)),
        },
        Value::String(Some(value)) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
        Value::Bytes(Some(value)) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        Value::Uuid(Some(value)) => ToSqlOutput::Borrowed(ValueRef::Blob(value.as_bytes())),
        Value::Char(value) => value.map_or(null, |value| text(value.to_string())),
        Value::Json(Some(value)) => text(value.to_string()),
        Value::ChronoDate(value) => value.map_or(null, |value| text(value.to_string())),
        Value::ChronoDateTimeUtc(value) => value.map_or(null, |time| integer(time.timestamp_micros())),
        value if *value == value.as_null() => null,
        other => return Err(refused(format!("a column never holds a {:?}", other.array_type()))),
    })
}

fn refused(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(reason.into())
}
