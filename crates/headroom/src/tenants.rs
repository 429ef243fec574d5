mod memory;

pub use memory::TenantMemory;

use crate::class::Class;
use crate::level::Level;
use crate::meter::RequestMemory;
use crate::pool::{Pool, PoolStats};
use crate::refusal::Refusal;
use crate::stores::{BoundedStore, Eviction};
use memory::Figures;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The most tenants that have an account of their own in one class; the others share one.
pub const TENANT_CAP: usize = 512;

/// What all their accounts and figures take at most, in bytes.
pub const TENANTS_BYTES: u64 = (TENANT_CAP * Class::ALL.len()) as u64 * ACCOUNT_BYTES + Figures::CAP_BYTES;

/// Whom a request works for, as 16 bytes that this crate does not interpret.
pub type Tenant = [u8; 16];

/// A tenant may always have this much of a class, as far as the class has it, in bytes.
const FLOOR_BYTES: u64 = 1 << 20;

/// An account that nobody used for so many looks of the controller is dropped: some ten seconds at rest.
const IDLE_LOOKS: u64 = 100;

/// What one account takes: the node, its name's handle and its place in the map, in bytes.
const ACCOUNT_BYTES: u64 = 384;

/// The tenants' shares of each class, one account below the class's pool for each tenant that was active lately.
///
/// A share is the class's limit divided by the number of active tenants, but no less than a floor. Below
/// [`Level::Elevated`] a tenant may borrow what others do not use, up to the class's limit; from there on its account lends
/// nothing above its share, so that what it borrowed comes back as it is released.
#[derive(Debug, Clone)]
pub(crate) struct Tenants {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    classes: [Shares; Class::ALL.len()],
    figures: Figures,
    /// The names of all their pools, shared, so that a request costs no text.
    tenant: Arc<str>,
    request: Arc<str>,
}

/// The accounts below one class.
#[derive(Debug)]
struct Shares {
    class: Pool,
    /// The account of those that found no place.
    others: Account,
    // bounded: it is the registered store itself.
    accounts: Mutex<HashMap<Tenant, Account>>,
    /// What each account's limit is now.
    limit: AtomicU64,
    looks: AtomicU64,
    evictions: AtomicU64,
}

#[derive(Debug)]
struct Account {
    pool: Pool,
    /// The look before which a request joined last.
    seen: AtomicU64,
}

/// A tenant's figures in one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantStats {
    /// Whose they are; `None` for those that share one account.
    pub tenant: Option<Tenant>,
    /// The class of work.
    pub class: Class,
    /// Requests that run now.
    pub requests: u64,
    /// The account's figures: its limit is the share in force.
    pub pool: PoolStats,
    /// What its requests did that are over.
    pub memory: TenantMemory,
}

/// The place of one request in the tree: below its class, and below its tenant once that is known.
#[derive(Debug)]
pub(crate) struct Seat {
    tenants: Tenants,
    class: Class,
    pub(crate) pool: Pool,
}

impl Seat {
    /// Counts what the request holds in its tenant's account too. Refused where the tenant's share has no room for it.
    pub(crate) fn join(&self, tenant: Tenant) -> Result<(), Refusal> {
        self.pool.join(&self.tenants.of(self.class).account(tenant, &self.tenants.inner.tenant))
    }

    /// Adds what the request did, now that it is over, to its tenant's figures.
    pub(crate) fn record(&self, tenant: Tenant, memory: RequestMemory) {
        self.tenants.inner.figures.record(self.class, tenant, memory);
    }
}

impl Tenants {
    /// No tenants yet, below each class's pool.
    pub(crate) fn below(classes: &[Pool; Class::ALL.len()]) -> Self {
        let tenant = Arc::from("tenant");
        let classes = classes.clone().map(|class| Shares::new(class, &tenant));
        let figures = Figures::default();
        Self { inner: Arc::new(Inner { classes, figures, tenant, request: Arc::from("request") }) }
    }

    /// A request begins.
    pub(crate) fn seat(&self, class: Class) -> Seat {
        let pool = self.of(class).class.request(Arc::clone(&self.inner.request));
        Seat { tenants: self.clone(), class, pool }
    }

    /// Sets every share by the number of active tenants, and drops the accounts of those that are idle.
    pub(crate) fn look(&self, level: Level) {
        self.inner.classes.iter().for_each(|shares| shares.look(level));
    }

    /// The `limit` tenants of a class that hold most; of those that hold nothing, the ones that once held most. One that has
    /// no account any more is known by its figures.
    pub(crate) fn top(&self, limit: usize) -> Vec<TenantStats> {
        let mut stats: Vec<TenantStats> =
            Class::ALL.into_iter().flat_map(|class| self.of(class).stats(class)).collect();
        let mut figures = self.inner.figures.all();
        for row in &mut stats {
            row.memory = figures.remove(&(row.class, row.tenant)).unwrap_or_default();
        }
        stats.extend(figures.into_iter().map(|((class, tenant), memory)| TenantStats {
            tenant,
            class,
            requests: 0,
            pool: self.of(class).none(&self.inner.tenant),
            memory,
        }));
        stats.sort_unstable_by_key(|tenant| {
            let pool = &tenant.pool;
            std::cmp::Reverse((pool.used, pool.peak, tenant.memory.peak_max, tenant.tenant))
        });
        stats.truncate(limit);
        stats
    }

    fn of(&self, class: Class) -> &Shares {
        &self.inner.classes[class as usize]
    }
}

impl Shares {
    fn new(class: Pool, name: &Arc<str>) -> Self {
        let limit = class.limit();
        Self {
            others: Account::new(class.share(Arc::clone(name), limit), 0),
            accounts: Mutex::default(),
            limit: AtomicU64::new(limit),
            looks: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            class,
        }
    }

    /// The account of a tenant, made if there is room for one.
    fn account(&self, tenant: Tenant, name: &Arc<str>) -> Pool {
        let now = self.looks.load(Ordering::Relaxed);
        self.with(|accounts| {
            if !accounts.contains_key(&tenant) && accounts.len() >= TENANT_CAP {
                self.drop_idle(accounts, now, 0);
            }
            let account = if accounts.len() < TENANT_CAP || accounts.contains_key(&tenant) {
                accounts.entry(tenant).or_insert_with(|| {
                    let limit = self.limit.load(Ordering::Relaxed);
                    Account::new(self.class.share(Arc::clone(name), limit), now)
                })
            } else {
                &self.others
            };
            account.seen.store(now + 1, Ordering::Relaxed);
            account.pool.clone()
        })
    }

    fn look(&self, level: Level) {
        let now = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        self.with(|accounts| {
            self.drop_idle(accounts, now, IDLE_LOOKS);
            let all = || accounts.values().chain([&self.others]);
            let active = all().filter(|account| account.is_active(now)).count().max(1);
            let whole = self.class.limit();
            let limit = if level < Level::Elevated {
                whole
            } else {
                whole.checked_div(active as u64).unwrap_or(whole).max(FLOOR_BYTES).min(whole)
            };
            if self.limit.swap(limit, Ordering::Relaxed) != limit {
                all().for_each(|account| account.pool.set_limit(limit));
            }
        });
    }

    fn drop_idle(&self, accounts: &mut HashMap<Tenant, Account>, now: u64, looks: u64) {
        let before = accounts.len();
        accounts.retain(|_, account| account.is_held() || now.saturating_sub(account.seen()) < looks);
        self.evictions.fetch_add((before - accounts.len()) as u64, Ordering::Relaxed);
        if accounts.is_empty() {
            accounts.shrink_to_fit();
        }
    }

    fn stats(&self, class: Class) -> Vec<TenantStats> {
        let figures = |tenant, account: &Account| TenantStats {
            tenant,
            class,
            requests: account.pool.handles().saturating_sub(1) as u64,
            pool: account.pool.stats(),
            memory: TenantMemory::default(),
        };
        self.with(|accounts| {
            let others = (self.others.pool.stats().peak > 0).then(|| figures(None, &self.others));
            accounts.iter().map(|(tenant, account)| figures(Some(*tenant), account)).chain(others).collect()
        })
    }

    /// The figures of an account that is not there.
    fn none(&self, name: &Arc<str>) -> PoolStats {
        let class = self.class.stats();
        let limit = self.limit.load(Ordering::Relaxed);
        PoolStats {
            name: Arc::clone(name),
            parent: Some(class.name),
            limit,
            floor: 0,
            used: 0,
            peak: 0,
            refused: 0,
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Tenant, Account>) -> T) -> T {
        work(&mut self.accounts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Account {
    fn new(pool: Pool, seen: u64) -> Self {
        Self { pool, seen: AtomicU64::new(seen) }
    }

    fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Whether a request or a lease of one still counts here: each has a handle, beside that of the table.
    fn is_held(&self) -> bool {
        self.pool.handles() > 1
    }

    /// Whether the tenant shares now: one whose requests are short is not seen running, but came since the last look.
    fn is_active(&self, now: u64) -> bool {
        self.is_held() || self.seen() >= now
    }
}

impl Inner {
    fn accounts(&self) -> u64 {
        self.classes.iter().map(|shares| shares.with(|accounts| accounts.len() as u64)).sum()
    }
}

impl BoundedStore for Tenants {
    fn name(&self) -> &'static str {
        "headroom.tenants"
    }

    fn entries(&self) -> u64 {
        self.inner.accounts() + self.inner.figures.len()
    }

    fn bytes(&self) -> u64 {
        self.inner.accounts() * ACCOUNT_BYTES + self.inner.figures.bytes()
    }

    fn cap_bytes(&self) -> u64 {
        TENANTS_BYTES
    }

    fn eviction(&self) -> Eviction {
        Eviction::Idle
    }

    fn evictions(&self) -> u64 {
        self.inner.classes.iter().map(|shares| shares.evictions.load(Ordering::Relaxed)).sum()
    }

    /// Drops the accounts that nobody uses, whatever they were last seen: they come back empty. Figures are not thrown out, as
    /// those of routes are not.
    fn shrink_to(&self, bytes: u64) -> u64 {
        let before = self.bytes();
        if before > bytes {
            for shares in &self.inner.classes {
                shares.with(|accounts| shares.drop_idle(accounts, 0, 0));
            }
        }
        before.saturating_sub(self.bytes())
    }

    fn floor_bytes(&self) -> u64 {
        Figures::CAP_BYTES
    }
}
