mod entries;
mod full_text;

pub(crate) use entries::{counts_by_kind, remove_case, remove_entity, remove_pieces, title_of, upsert};
pub(crate) use full_text::search;

use crate::Error;
use sea_orm::{QueryResult, TryGetable};

/// The field in this place of a row.
fn field<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, Error> {
    row.try_get_by_index(place).map_err(|error| Error::Database(error.into()))
}
