//! Events, jobs, schedules and tasks, on SQLite always and on PostgreSQL when `TEST_DATABASE_URL` names a server.

// `cfg(test)` tells clippy that functions beside the tests are tests as well.

#[cfg(test)]
#[path = "../../../db/tests/suite/databases.rs"]
mod databases;
#[cfg(test)]
mod dispatching;
#[cfg(test)]
mod failing_listeners;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod metering;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod world;
