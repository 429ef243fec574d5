mod entries;
mod links;

pub(crate) use entries::{
    delete, entries_of_case, find, find_for_change, insert, last_position, list, update,
};
pub(crate) use links::{insert as insert_links, of_entries as links_of, update as update_link};
