mod blobs;
mod documents;
mod list;
mod texts;
mod versions;

pub(crate) use blobs::{
    BlobState, condemn as condemn_blob, forget_removed as forget_removed_blobs, hold as hold_blob,
    note as note_blob, removed as blob_removed, revive as revive_blob, state as blob_state,
    unknown as unknown_blobs,
};
pub(crate) use documents::{
    delete, find, find_by_control_number, find_for_change, insert, set_text_status, update,
};
pub(crate) use list::{list, stats};
pub(crate) use texts::{
    clear as clear_text, count as count_text_pieces, insert as insert_text, piece as text_piece,
};
pub(crate) use versions::{
    digests as digests_of, find as find_version, find_by_id as find_version_by_id, insert as insert_version,
    list as list_versions,
};
