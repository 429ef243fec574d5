//! Password hashing: Argon2id (RFC 9106), stored as PHC strings, with bounded memory.

use crate::Secret;
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _,
    Version,
};
use clock::SharedRandom;
use headroom::{Lease, Pool, Refusal};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest password that is hashed, in bytes. Longer ones match nothing.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The dearest stored hash that is still verified, in KiB: a planted hash cannot ask for more.
pub const MAX_STORED_MEMORY_KIB: u32 = 1024 * 1024;

/// The most passes a stored hash may ask for.
pub const MAX_STORED_PASSES: u32 = 64;

const SALT_BYTES: usize = 16;

/// How long a computation waits for memory that others hold.
const MEMORY_WAIT: Duration = Duration::from_secs(10);

/// What one hash costs. The defaults are the OWASP minimum for Argon2id: 19 MiB, two passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Memory for one hash, in KiB.
    pub memory_kib: u32,
    /// How often that memory is passed over.
    pub passes: u32,
    /// Lanes; they are computed one after the other.
    pub parallelism: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, parallelism: 1 }
    }
}

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings are outside what Argon2 allows.
    #[error(
        "the password hash settings are not usable: give at least 8 KiB of memory per lane, one pass, one lane \
         and one hash at a time"
    )]
    Settings,
    /// Over [`MAX_PASSWORD_BYTES`].
    #[error("the password is too long: use at most {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// The stored text is not an Argon2 hash in PHC form.
    #[error("the stored password hash cannot be read: set a new password for this account")]
    Stored(#[source] argon2::password_hash::Error),
    /// The stored hash asks for more than is ever given.
    #[error("the stored password hash asks for too much work: set a new password for this account")]
    TooCostly,
    /// Argon2 failed, most likely for want of memory.
    #[error("the password could not be hashed: try again")]
    Hash(#[source] argon2::password_hash::Error),
    /// The memory that it takes is not free.
    #[error("there is no memory to hash the password: try again")]
    NoMemory(#[source] Refusal),
    /// The work was cancelled because the server is stopping.
    #[error("the server is stopping: try again")]
    Stopping,
}

/// Hashes and verifies passwords off the async threads.
///
/// Each computation holds `memory_kib` while it runs, so the work in flight is bounded by weight:
/// `max_parallel * memory_kib` in all, also when stored hashes cost more than today's settings.
#[derive(Debug, Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    settings: Settings,
    /// One permit is one KiB.
    memory: Arc<Semaphore>,
    total_kib: u32,
    pool: Option<Pool>,
    random: SharedRandom,
}

impl Hasher {
    /// A hasher with at most `max_parallel` computations at a time.
    ///
    /// # Errors
    /// [`Error::Settings`] when Argon2 does not allow them or nothing could ever run.
    pub fn new(settings: Settings, max_parallel: usize, random: SharedRandom) -> Result<Self, Error> {
        let lanes_fit = settings.parallelism.checked_mul(8).is_some_and(|least| settings.memory_kib >= least);
        let within = settings.memory_kib <= MAX_STORED_MEMORY_KIB && settings.passes <= MAX_STORED_PASSES;
        if max_parallel == 0 || !lanes_fit || !within {
            return Err(Error::Settings);
        }
        let params = Params::new(settings.memory_kib, settings.passes, settings.parallelism, None)
            .map_err(|_| Error::Settings)?;
        let total_kib = u32::try_from(max_parallel)
            .ok()
            .and_then(|count| count.checked_mul(settings.memory_kib))
            .unwrap_or(u32::MAX);
        let total_permits = usize::try_from(total_kib).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            settings,
            memory: Arc::new(Semaphore::new(total_permits)),
            total_kib,
            pool: None,
            random,
        })
    }

    /// Borrows what each computation takes from `pool`, so that a burst of sign-ins finds its place in the budget.
    #[must_use]
    pub fn within(self, pool: Pool) -> Self {
        Self { pool: Some(pool), ..self }
    }

    /// The memory that all computations together may hold, in bytes.
    pub fn max_memory_bytes(&self) -> u64 {
        u64::from(self.total_kib) * 1024
    }

    /// Hashes a new password with a fresh salt into a PHC string.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Hash`], [`Error::NoMemory`] or [`Error::Stopping`].
    pub async fn hash(&self, password: Secret) -> Result<String, Error> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Err(Error::TooLong);
        }
        let mut salt = [0; SALT_BYTES];
        self.random.fill(&mut salt);
        let argon2 = self.argon2.clone();
        self.run(self.settings.memory_kib, move || {
            let hashed = argon2.hash_password_with_salt(password.expose().as_bytes(), &salt);
            hashed.map(|hash| hash.to_string()).map_err(Error::Hash)
        })
        .await
    }

    /// Whether `password` is the one that `stored` (a PHC string) was made from, at the cost `stored` names.
    ///
    /// # Errors
    /// [`Error::Stored`], [`Error::TooCostly`], [`Error::Hash`], [`Error::NoMemory`] or [`Error::Stopping`].
    pub async fn verify(&self, password: Secret, stored: &str) -> Result<bool, Error> {
        let stored = PasswordHash::new(stored).map_err(|error| Error::Stored(error.into()))?;
        let params = Params::try_from(&stored).map_err(Error::Stored)?;
        // Lanes need no bound of their own: more than the memory allows do not parse.
        if params.m_cost() > MAX_STORED_MEMORY_KIB || params.t_cost() > MAX_STORED_PASSES {
            return Err(Error::TooCostly);
        }
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        let argon2 = self.argon2.clone();
        self.run(params.m_cost(), move || {
            match argon2.verify_password(password.expose().as_bytes(), &stored) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(Error::Hash(error)),
            }
        })
        .await
    }

    /// Does the work of [`Hasher::verify`] for an account that does not exist, so that the answer's time does not
    /// tell which accounts do.
    ///
    /// # Errors
    /// [`Error::Hash`], [`Error::NoMemory`] or [`Error::Stopping`].
    pub async fn verify_absent(&self, password: Secret) -> Result<(), Error> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Ok(());
        }
        let argon2 = self.argon2.clone();
        self.run(self.settings.memory_kib, move || {
            let hashed = argon2.hash_password_with_salt(password.expose().as_bytes(), &[0; SALT_BYTES]);
            hashed.map(drop).map_err(Error::Hash)
        })
        .await
    }

    /// Whether `stored` was made by another algorithm or with other settings than today's: hash the password anew
    /// at its next successful use.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        let Ok(stored) = PasswordHash::new(stored) else { return true };
        let Ok(params) = Params::try_from(&stored) else { return true };
        let made_with =
            Settings { memory_kib: params.m_cost(), passes: params.t_cost(), parallelism: params.p_cost() };
        stored.algorithm != ARGON2ID_IDENT
            || stored.version != Some(Version::V0x13.into())
            || made_with != self.settings
    }

    /// Runs `work` once `memory_kib` are free. The permit and the lease travel with the work: a caller who goes away
    /// does not free memory that is still in use.
    async fn run<T: Send + 'static>(
        &self,
        memory_kib: u32,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.permit(memory_kib).await?;
        let lease = self.lease(memory_kib).await?;
        let done = headroom::spawn_blocking(move || {
            let _noted = lease.as_ref().map(|lease| headroom::Registered::here(lease.bytes()));
            let result = work();
            drop((lease, permit));
            result
        });
        done.await.map_err(|_| Error::Stopping)?
    }

    async fn permit(&self, memory_kib: u32) -> Result<OwnedSemaphorePermit, Error> {
        let weight = memory_kib.min(self.total_kib);
        Arc::clone(&self.memory).acquire_many_owned(weight).await.map_err(|_| Error::Stopping)
    }

    async fn lease(&self, memory_kib: u32) -> Result<Option<Lease>, Error> {
        let Some(pool) = &self.pool else { return Ok(None) };
        let lease = pool.lease(u64::from(memory_kib) * 1024, MEMORY_WAIT).await;
        lease.map(Some).map_err(Error::NoMemory)
    }
}
