use crate::grants::{Approval, Effect, Grant, Lent, Policy, Subject};
use crate::store::{case_teams, grants};
use crate::{Action, Principal, Role, approvals, custom_roles, delegations, teams};
use clock::Timestamp;
use db::{Error, Reads, Tx};
use headroom::{Cache, CacheConfig, StoreRegistry};
use ids::{FirmId, GrantId, TeamId, UserId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Memory for the policies of users, in bytes.
pub const POLICY_BYTES: u64 = 1 << 20;
/// Memory for the counts of changes of firms, in bytes.
const VERSION_BYTES: u64 = 64 << 10;
/// How long a policy may lie unused.
const KEPT_MICROS: i64 = 300 * 1_000_000;
/// How long a count of changes is believed: a change made by another server counts here after this time at the latest.
const BELIEVED_MICROS: i64 = 500_000;

/// The grants of users, as they were looked up a moment ago.
///
/// A firm counts the changes of its grants in the transactions that make them. What is kept is kept with that count, and the
/// count itself is asked for again twice a second; so a change counts here at once, and on every other server within half a
/// second. A firm that never had a grant costs one look at its count in that time.
#[derive(Debug, Clone)]
pub struct Policies(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    // bounded: registered below, with a cap in bytes
    policies: Arc<Cache<UserId, Known>>,
    // bounded: registered below, with a cap in bytes
    versions: Arc<Cache<FirmId, i64>>,
    /// Moves on with every change made here: who looked before and keeps after, keeps what may be untrue.
    changed: AtomicU64,
    none: Arc<Policy>,
}

#[derive(Debug, Clone)]
struct Known {
    firm: FirmId,
    role: Role,
    version: i64,
    policy: Arc<Policy>,
}

fn policy_bytes(policy: &Policy) -> usize {
    let of_grant = |grant: &Grant| {
        size_of::<Grant>()
            + grant.reason.len()
            + grant.conditions.networks.len() * 32
            + grant.conditions.countries.len() * 2
            + grant.conditions.teams.len() * size_of::<TeamId>()
            + grant.conditions.fields.iter().map(|field| size_of::<String>() + field.len()).sum::<usize>()
    };
    let of_approval = |approval: &Approval| {
        let answer = approval.ruling.as_ref().and_then(|ruling| ruling.reason.as_ref());
        size_of::<Approval>() + approval.reason.len() + answer.map_or(0, String::len)
    };
    let of_lent = |lent: &Lent| {
        size_of::<Lent>()
            + lent.delegation.reason.len()
            + lent.delegation.actions.len()
            + policy_bytes(&lent.powers)
    };
    policy.grants().iter().map(of_grant).sum::<usize>()
        + policy.lent().iter().map(of_lent).sum::<usize>()
        + policy.approvals().iter().map(of_approval).sum::<usize>()
        + policy.case_roles().len()
}

fn weight(_: &UserId, known: &Known) -> u64 {
    policy_bytes(&known.policy) as u64
}

impl Policies {
    /// None looked up yet. Where the registry takes no more stores, nothing is kept and every look goes to the database.
    pub(crate) fn register(stores: &StoreRegistry) -> Self {
        let policies = Arc::new(Cache::new(CacheConfig {
            name: "access.policies".to_owned(),
            cap_bytes: POLICY_BYTES - VERSION_BYTES,
            ttl_micros: Some(KEPT_MICROS),
            usual_entry_bytes: 0,
            weigh: weight,
        }));
        let versions = Arc::new(Cache::new(CacheConfig {
            name: "access.policy_versions".to_owned(),
            cap_bytes: VERSION_BYTES,
            ttl_micros: Some(BELIEVED_MICROS),
            usual_entry_bytes: 0,
            weigh: |_, _| 0,
        }));
        if let Err(error) = stores.register(Arc::clone(&policies) as _) {
            tracing::warn!(%error, "policies are not kept");
            policies.set_cap(0);
        }
        if let Err(error) = stores.register(Arc::clone(&versions) as _) {
            tracing::warn!(%error, "counts of changes of policies are not kept");
            versions.set_cap(0);
        }
        Self(Arc::new(Kept { policies, versions, changed: AtomicU64::new(0), none: Arc::default() }))
    }

    /// A policy of no grants.
    pub(crate) fn none(&self) -> Arc<Policy> {
        Arc::clone(&self.0.none)
    }

    /// The grants that may count for a principal.
    pub async fn of(
        &self,
        db: &impl Reads,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Arc<Policy>, Error> {
        let believed = self.0.versions.get(&principal.firm, now.timestamp_micros());
        match believed.and_then(|version| self.known(principal, version, now)) {
            Some(policy) => Ok(policy),
            // Rare, and large: every request would carry room for it.
            None => Box::pin(self.ask(db, principal, now)).await,
        }
    }

    fn known(&self, principal: &Principal, version: i64, now: Timestamp) -> Option<Arc<Policy>> {
        if version == 0 {
            return Some(self.none());
        }
        let known = self.0.policies.get(&principal.user, now.timestamp_micros())?;
        let is_true = (known.firm, known.role, known.version) == (principal.firm, principal.role, version);
        is_true.then_some(known.policy)
    }

    async fn ask(
        &self,
        db: &impl Reads,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Arc<Policy>, Error> {
        let changed = self.0.changed.load(Ordering::SeqCst);
        let version = self.version(db, principal.firm, changed, now).await?;
        if let Some(policy) = self.known(principal, version, now) {
            return Ok(policy);
        }
        let micros = now.timestamp_micros();
        let policy = Arc::new(look_up(db, principal, now).await?);
        let known =
            Known { firm: principal.firm, role: principal.role, version, policy: Arc::clone(&policy) };
        self.0.policies.insert(principal.user, known, micros);
        if self.0.changed.load(Ordering::SeqCst) != changed {
            self.0.policies.remove(&principal.user);
        }
        Ok(policy)
    }

    async fn version(
        &self,
        db: &impl Reads,
        firm: FirmId,
        changed: u64,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let micros = now.timestamp_micros();
        if let Some(version) = self.0.versions.get(&firm, micros) {
            return Ok(version);
        }
        let version = grants::version(db, firm).await?;
        self.0.versions.insert(firm, version, micros);
        if self.0.changed.load(Ordering::SeqCst) != changed {
            self.0.versions.remove(&firm);
        }
        Ok(version)
    }

    /// After the commit of a change: it counts in this process from now on.
    pub fn forget(&self, firm: FirmId) {
        self.0.changed.fetch_add(1, Ordering::SeqCst);
        self.0.versions.remove(&firm);
    }
}

/// As [`Policies::of`], straight from the database: for who explains a decision.
pub async fn look_up(db: &impl Reads, principal: &Principal, now: Timestamp) -> Result<Policy, Error> {
    let own = own_powers(db, principal.firm, principal.user, principal.role).await?;
    let mut lent = Vec::new();
    for delegation in delegations::lent_to(db, principal.firm, principal.user, now).await? {
        let powers = own_powers(db, principal.firm, delegation.lender, delegation.lender_role).await?;
        lent.push(Lent { delegation, powers });
    }
    let asks_others = own.grants().iter().any(|grant| grant.conditions.approval_by.is_some());
    let approvals = if asks_others {
        approvals::of_user(db, principal.firm, principal.user, now).await?
    } else {
        Vec::new()
    };
    let case_roles = case_teams::roles_of(db, principal.firm, principal.user).await?;
    Ok(own.with_lent(lent).with_approvals(approvals).on_cases(case_roles))
}

/// What counts for a user beside the role in the whole firm, but for what others have lent.
pub async fn own_powers(db: &impl Reads, firm: FirmId, user: UserId, role: Role) -> Result<Policy, Error> {
    let teams = teams::of_user(db, firm, user).await?;
    let custom_role = custom_roles::of_user(db, firm, user).await?.map(|role| role.id);
    let mut subjects = vec![Subject::User(user), Subject::Role(role)];
    subjects.extend(custom_role.map(Subject::CustomRole));
    subjects.extend(role.implies().iter().copied().map(Subject::Role));
    subjects.extend(teams.iter().copied().map(Subject::Team));
    Ok(Policy::new(grants::of(db, firm, &subjects).await?).with_custom_role(custom_role).in_teams(teams))
}

/// The grants that count for one subject: at most 200.
pub async fn grants_of(db: &impl Reads, firm: FirmId, subject: Subject) -> Result<Vec<Grant>, Error> {
    grants::of(db, firm, &[subject]).await
}

/// What is allowed, or denied, to whoever is in a team: by grants to it, and by grants that count in it only.
pub async fn actions_of_team(
    db: &impl Reads,
    firm: FirmId,
    team: TeamId,
    effect: Effect,
) -> Result<Vec<Action>, Error> {
    grants::actions_of_team(db, firm, team, effect).await
}

/// Counts that somebody has come to see less: what was answered to them before is not repeated.
pub async fn note_departure(tx: &mut Tx, firm: FirmId) -> Result<(), Error> {
    case_teams::departed(tx, firm).await
}

/// One grant that counts.
pub async fn find_grant(db: &impl Reads, firm: FirmId, id: GrantId) -> Result<Option<Grant>, Error> {
    grants::find(db, firm, id).await
}

/// Lets no other transaction change what is granted in the firm before this one ends, and counts the change: grants, teams,
/// case teams, delegations and approvals.
pub async fn hold_grants(tx: &mut Tx, firm: FirmId) -> Result<(), Error> {
    grants::changed(tx, firm).await
}

/// Stores a grant in a transaction that holds the firm's grants. `false`, and nothing is stored, when the subject has as many
/// as it may have.
pub async fn add_grant(tx: &mut Tx, firm: FirmId, grant: &Grant) -> Result<bool, Error> {
    if grants::of(&*tx, firm, &[grant.subject]).await?.len() >= grants::MOST {
        return Ok(false);
    }
    grants::insert(tx, firm, grant).await?;
    if grant.effect == Effect::Deny {
        // What was answered before may show more than its caller may see now.
        case_teams::departed(tx, firm).await?;
    }
    Ok(true)
}

/// Ends a grant and counts the change. `false` when it is not there, or was ended before.
pub async fn end_grant(
    tx: &mut Tx,
    firm: FirmId,
    id: GrantId,
    by: UserId,
    at: Timestamp,
    reason: &str,
) -> Result<bool, Error> {
    grants::changed(tx, firm).await?;
    case_teams::departed(tx, firm).await?;
    grants::revoke(tx, firm, id, (by, at, reason)).await
}
