//! The memory limit over control-group trees made of plain files.

mod discovery;
mod following;
mod groups;
mod machine;
mod unreadable;
