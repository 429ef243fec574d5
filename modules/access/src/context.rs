use crate::grants::{Decision, Moment, Policy, Reach};
use crate::{Action, Authenticator, Error, Policies, Principal, Refusal, SecondFactor, Sight, store};
use clock::{SharedClock, SharedRandom, Timestamp};
use db::{Db, Reader, Tx};
use headroom::Headroom;
use ids::{EventId, FirmId, Id, UserId};
use queue::{Envelope, Event, Jobs, Outbox};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What the composition root hands to every route and job: the state of the router.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    db: Db,
    clock: SharedClock,
    random: SharedRandom,
    headroom: Headroom,
    outbox: Outbox,
    jobs: Jobs,
    authenticator: Arc<dyn Authenticator>,
    policies: Policies,
}

impl App {
    /// Puts the parts together. Called once, in the composition root.
    pub fn new(
        db: Db,
        clock: SharedClock,
        random: SharedRandom,
        headroom: Headroom,
        outbox: Outbox,
        jobs: Jobs,
        authenticator: Arc<dyn Authenticator>,
    ) -> Self {
        let policies = Policies::register(headroom.stores());
        Self(Arc::new(Parts { db, clock, random, headroom, outbox, jobs, authenticator, policies }))
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The clock.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// The source of randomness.
    pub fn random(&self) -> &SharedRandom {
        &self.0.random
    }

    /// The memory engine.
    pub fn headroom(&self) -> &Headroom {
        &self.0.headroom
    }

    /// Where background work is queued.
    pub fn jobs(&self) -> &Jobs {
        &self.0.jobs
    }

    /// Where events are published.
    pub fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    /// Who knows the callers.
    pub fn authenticator(&self) -> &dyn Authenticator {
        self.0.authenticator.as_ref()
    }

    /// What is granted beside the roles.
    pub fn policies(&self) -> &Policies {
        &self.0.policies
    }

    /// A context for work that no request asked for: the command line, a job, an import. It goes by the role alone.
    pub fn act_as(&self, principal: Principal, correlation: impl Into<Arc<str>>) -> Ctx {
        let request = Request { correlation: correlation.into(), ..Request::default() };
        let policy = self.policies().none();
        Ctx { app: self.clone(), principal: Arc::new(principal), request: Arc::new(request), policy }
    }

    /// A context for what a request without a sign-in does in the name of `principal`, who has proved themselves
    /// otherwise: by a link that only they were sent.
    pub fn act_on(&self, principal: Principal, request: Arc<Request>) -> Ctx {
        Ctx { app: self.clone(), principal: Arc::new(principal), request, policy: self.policies().none() }
    }

    /// A new id of any kind, from the clock and the randomness of this application.
    pub fn new_id<I: Id>(&self) -> I {
        let mut random = [0; 10];
        self.0.random.fill(&mut random);
        I::from_parts(u64::try_from(self.0.clock.now().timestamp_millis()).unwrap_or(0), &random)
    }
}

/// What is known about the request behind an operation.
#[derive(Debug)]
pub struct Request {
    /// Ties log lines, audit entries and the answer together.
    pub correlation: Arc<str>,
    /// The caller's address, without port.
    pub address: Option<std::net::IpAddr>,
    /// The caller's country, where a trusted proxy tells it.
    pub country: Option<web::Country>,
    /// The caller's `User-Agent`, at most 256 bytes of it.
    pub user_agent: Option<String>,
    /// The method of the request; nothing for the command line and for jobs.
    pub method: Option<http::Method>,
    /// The route that it reached, such as `/api/cases/{id}`.
    pub route: Option<Arc<str>>,
    /// When it came; nothing for the command line and for jobs.
    pub arrived: Option<Instant>,
    /// The idempotency key to mark in the verb's own transaction.
    pub claim: Option<Claim>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            correlation: Arc::from("none"),
            address: None,
            country: None,
            user_agent: None,
            method: None,
            route: None,
            arrived: None,
            claim: None,
        }
    }
}

impl Request {
    /// How long it has run by now; nothing for the command line and for jobs.
    pub fn elapsed(&self) -> Option<Duration> {
        self.arrived.map(|arrived| arrived.elapsed())
    }
}

/// An idempotency key that this request's first transaction marks as done.
#[derive(Debug)]
pub struct Claim {
    pub(crate) scope: String,
    pub(crate) key: String,
    pub(crate) taken: AtomicBool,
}

/// The operation context: who, which firm, when, with what. The first argument of every verb.
#[derive(Debug, Clone)]
pub struct Ctx {
    pub(crate) app: App,
    pub(crate) principal: Arc<Principal>,
    pub(crate) request: Arc<Request>,
    pub(crate) policy: Arc<Policy>,
}

impl Ctx {
    /// Who acts.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The firm that everything read or written belongs to.
    pub fn firm(&self) -> FirmId {
        self.principal.firm
    }

    /// The user who acts.
    pub fn user(&self) -> UserId {
        self.principal.user
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.app.clock().now()
    }

    /// A new id.
    pub fn new_id<I: Id>(&self) -> I {
        self.app.new_id()
    }

    /// For reading outside a transaction.
    pub fn reader(&self) -> &Reader {
        self.app.db().reader()
    }

    /// The application behind this operation.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The request behind this operation.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Whether the caller may do `action` in the whole firm: the one place that decides it.
    pub fn allows(&self, action: Action) -> bool {
        self.decide(action).allowed
    }

    /// Whether a grant denies `action` to the caller, also if it is in part only, whatever else would allow it.
    pub fn is_denied(&self, action: Action) -> bool {
        self.policy.denies(&self.principal, action, self.moment())
    }

    fn decide(&self, action: Action) -> Decision {
        self.policy.decide(&self.principal, action, self.moment())
    }

    /// What is known of this request when something is decided.
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), address: self.request.address, country: self.request.country }
    }

    /// The first of these actions that the caller does not hand out: nobody gives what they may not do themselves, for good.
    pub fn beyond_own(&self, actions: impl IntoIterator<Item = Action>) -> Option<Action> {
        let may_for_good = |action| self.policy.allows_for_good(&self.principal, action, self.moment());
        actions.into_iter().find(|action| !may_for_good(*action))
    }

    /// What counts for the caller beside the role, as it was looked up for this request.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether there may be a case on which the caller may do `action`.
    pub(crate) fn allows_on_some_case(&self, action: Action) -> bool {
        self.policy.allows_on_some_case(&self.principal, action, self.moment())
    }

    fn reach(&self, action: Action) -> Reach {
        self.policy.reach(&self.principal, action, self.moment())
    }

    /// Who owes a second factor may do nothing but set one up, for which nobody asks here.
    pub(crate) fn owes_second_factor(&self) -> bool {
        self.principal.proof.second_factor == SecondFactor::Owed
    }

    /// Asks whether the caller may do `action`, and gives what they see while they do it: what every read of a case, and of what
    /// hangs on one, takes. Who may do it on some cases only sees those alone.
    pub fn sight_to(&self, action: Action) -> Result<Sight, Refusal> {
        let reach = self.reach(action);
        if self.owes_second_factor() || reach.is_nowhere() {
            self.require(action)?;
        }
        Ok(Sight::reaching(self.principal.firm, self.principal.user, action, reach))
    }

    /// The same for what nobody may do who may do it on some cases only.
    pub fn sight_of_firm_to(&self, action: Action) -> Result<Sight, Refusal> {
        self.require(action)?;
        self.sight_to(action)
    }

    /// The fields of what `action` shows that the caller may not see: they are left out of every answer.
    pub fn masked(&self, action: Action) -> Vec<&'static str> {
        self.policy.masked(&self.principal, action, self.moment())
    }

    /// Refuses a change of a field that the caller may not see: nobody finds out by trying what stands there.
    pub fn require_fields(&self, action: Action, patch: &serde_json::Value) -> Result<(), Error> {
        match self.masked(action).into_iter().find(|field| patch.get(*field).is_some()) {
            Some(field) => Err(Error::FieldDenied(field)),
            None => Ok(()),
        }
    }

    /// Refuses a page that goes on behind the most records of a list that the caller may see; `end` is how many there would be
    /// up to its end.
    pub fn require_records(&self, action: Action, end: u64) -> Result<(), Error> {
        match self.policy.most_records(&self.principal, action, self.moment()) {
            Some(most) if end > u64::from(most) => Err(Error::RecordsDenied { action, most }),
            _ => Ok(()),
        }
    }

    /// Asks whether the caller may do `action` in the whole firm.
    pub fn require(&self, action: Action) -> Result<(), Refusal> {
        self.policy.require(&self.principal, action, self.moment())
    }

    /// Starts the verb's transaction. The request's idempotency key is marked as done in it, so that the change and the
    /// mark are kept or lost together.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let mut tx = self.app.db().writer().begin().await?;
        if let Some(claim) = &self.request.claim
            && !claim.taken.swap(true, Ordering::AcqRel)
        {
            store::mark_done(&mut tx, &claim.scope, &claim.key, self.now()).await?;
        }
        Ok(tx)
    }

    /// Publishes a fact in the verb's transaction; listeners hear it after the commit.
    pub async fn publish<E: Event>(&self, tx: &mut Tx, event: &E) -> Result<(), Error> {
        let envelope = Envelope {
            id: self.new_id::<EventId>(),
            firm: self.firm(),
            at: self.now(),
            actor: Some(self.user()),
            correlation: Some(self.request.correlation.to_string()),
        };
        self.app.outbox().publish(tx, envelope, event).await?;
        Ok(())
    }
}
