//! The database on SQLite always, and on PostgreSQL when `TEST_DATABASE_URL` names a server.
// `cfg(test)` tells clippy that functions beside the tests are tests as well.

#[cfg(test)]
mod cancelled;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod databases;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod held;
#[cfg(test)]
mod long;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod room;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod stamps;
#[cfg(test)]
mod transactions;
#[cfg(test)]
mod unwritable;
#[cfg(test)]
mod values;
