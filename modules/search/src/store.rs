mod entries;
mod full_text;

pub(crate) use entries::{counts_by_kind, remove_case, remove_entity, remove_pieces, title_of, upsert};
pub(crate) use full_text::{refold, search};

use crate::Error;

/// The field in this place of a row.
fn field<T: db::Column>(row: &db::Row, place: usize) -> Result<T, Error> {
    row.at(place).map_err(|error| Error::Database(error.into()))
}
