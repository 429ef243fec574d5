#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up has failed")]
//! The accounts between a class and its requests: exact from the first byte, fair when it matters, bounded in number.

use headroom::{
    Class, Entry, Headroom, InjectedSource, Level, Meter, REQUEST_BYTES, RefusalKind, RequestMemory,
    Settings, TENANT_CAP, Tenant, TenantMemory,
};
use std::sync::Arc;

const MIB: u64 = 1 << 20;

struct Scene {
    headroom: Headroom,
    source: Arc<InjectedSource>,
    now: u64,
}

/// A budget of 300 MiB, of which requests of the bulk class may have 120.
fn scene() -> Scene {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    Scene { headroom: Headroom::new(Settings::default(), Arc::clone(&source) as _), source, now: 0 }
}

impl Scene {
    fn look(&mut self, heap_mib: u64) -> Level {
        self.now += 100_000;
        self.source.hold_heap(heap_mib * MIB);
        self.headroom.sample_at(self.now)
    }

    fn request(&self, is_exempt: bool) -> Entry {
        self.headroom.admit("/api/x", Class::Bulk, Meter::new(), is_exempt).unwrap()
    }

    fn of(&self, tenant: u8) -> Entry {
        let entry = self.request(false);
        entry.flight().belongs_to(name(tenant)).unwrap();
        entry
    }

    fn used(&self, tenant: u8) -> u64 {
        let stats = self.headroom.top_tenants(usize::MAX);
        stats.iter().find(|one| one.tenant == Some(name(tenant))).map_or(0, |one| one.pool.used)
    }
}

fn name(tenant: u8) -> Tenant {
    [tenant; 16]
}

#[test]
fn what_a_request_borrowed_before_it_was_known_moves_with_it_and_stays_counted_above() {
    let scene = scene();
    let entry = scene.request(false);
    let pool = entry.flight().pool().unwrap();
    let early = pool.try_lease(7 * MIB).unwrap();
    assert_eq!(pool.stats().parent.as_deref(), Some("bulk"));
    entry.flight().belongs_to(name(1)).unwrap();
    entry.flight().belongs_to(name(1)).unwrap();
    entry.flight().belongs_to(name(2)).unwrap();
    assert_eq!(pool.stats().parent.as_deref(), Some("tenant"));
    let late = pool.try_lease(MIB).unwrap();
    let sums = |scene: &Scene| {
        let class = scene.headroom.class(Class::Bulk).used();
        [pool.used(), scene.used(1), scene.used(2), class, scene.headroom.root().used()].map(|sum| sum / MIB)
    };
    assert_eq!(sums(&scene), [8, 8, 0, 8, 8]);
    drop(early);
    assert_eq!(sums(&scene), [1, 1, 0, 1, 1]);
    drop(late);
    assert_eq!(sums(&scene), [0; 5]);
}

#[test]
fn below_elevated_a_tenant_borrows_what_others_leave_and_above_it_shares() {
    let mut scene = scene();
    let (first, second) = (scene.of(1), scene.of(2));
    let borrow = |entry: &Entry, mib: u64| entry.flight().pool().unwrap().try_lease(mib * MIB);
    assert_eq!(scene.look(10), Level::Normal);
    let greedy = borrow(&first, 100).unwrap();
    assert!(scene.look(215) >= Level::Elevated);
    let refusal = borrow(&first, 1).unwrap_err();
    assert_eq!((&*refusal.scope, refusal.kind), ("tenant", RefusalKind::Exhausted));
    assert_eq!(refusal.limit, scene.headroom.class(Class::Bulk).limit() / 2);
    assert_eq!(scene.used(1), 100 * MIB + REQUEST_BYTES, "what was borrowed comes back as it is released");
    let _modest = borrow(&second, 19).unwrap();
    assert!(borrow(&first, 70).unwrap_err().is_retryable(), "more than the share may fit later");
    drop(greedy);
    let _share = borrow(&first, 50).unwrap();
    assert!(borrow(&first, 20).is_err());

    drop(second);
    scene.look(215);
    scene.look(215);
    assert!(borrow(&first, 20).is_err(), "it still holds a lease, so the other is active");
}

#[test]
fn a_join_that_does_not_fit_the_share_is_refused_and_leaves_everything_as_it_was() {
    let mut scene = scene();
    let (_first, _second) = (scene.of(1), scene.of(2));
    assert!(scene.look(215) >= Level::Elevated);
    let late = scene.request(false);
    let pool = late.flight().pool().unwrap().clone();
    let held = pool.try_lease(70 * MIB).unwrap();
    let refusal = late.flight().belongs_to(name(1)).unwrap_err();
    let wanted = 70 * MIB + REQUEST_BYTES;
    assert_eq!((&*refusal.scope, refusal.kind, refusal.wanted), ("tenant", RefusalKind::Exhausted, wanted));
    assert_eq!((scene.used(1), pool.used()), (REQUEST_BYTES, wanted));
    assert_eq!(scene.headroom.root().used(), wanted + 2 * REQUEST_BYTES);
    drop(held);
    late.flight().belongs_to(name(1)).unwrap();
    let again = pool.try_lease(MIB).unwrap();
    assert_eq!(scene.used(1), MIB + 2 * REQUEST_BYTES);
    drop(again);

    let exempt = scene.request(true);
    let held = exempt.flight().pool().unwrap().try_lease(70 * MIB).unwrap();
    assert!(exempt.flight().belongs_to(name(2)).is_ok(), "deletions always answer");
    drop(held);
    assert_eq!(scene.headroom.root().used(), 4 * REQUEST_BYTES, "the requests that run");
}

#[test]
fn idle_tenants_are_forgotten_and_running_ones_are_not() {
    let mut scene = scene();
    let _running = scene.of(1);
    drop(scene.of(2));
    let known = |scene: &Scene| scene.headroom.top_tenants(9).len();
    for _ in 0..90 {
        scene.look(10);
    }
    assert_eq!(known(&scene), 2);
    for _ in 0..20 {
        scene.look(10);
    }
    assert_eq!(known(&scene), 1);
}

#[test]
fn the_number_of_accounts_is_bounded_and_nobody_escapes_the_count() {
    let scene = scene();
    let crowd = u64::try_from(TENANT_CAP).unwrap() + 10;
    let join = |number: u64| {
        let entry = scene.request(false);
        let mut tenant = [0; 16];
        tenant[..8].copy_from_slice(&number.to_ne_bytes());
        entry.flight().belongs_to(tenant).unwrap();
        let lease = entry.flight().pool().unwrap().try_lease(1024).unwrap();
        (entry, lease)
    };
    let running: Vec<_> = (0..crowd).map(join).collect();
    let stats = scene.headroom.top_tenants(usize::MAX);
    assert_eq!(stats.len(), TENANT_CAP + 1);
    let others = stats.iter().find(|one| one.tenant.is_none()).unwrap();
    assert_eq!((others.pool.used, others.requests), (10 * (1024 + REQUEST_BYTES), 10));
    assert_eq!(stats.iter().map(|one| one.pool.used).sum::<u64>(), scene.headroom.root().used());

    let stores = scene.headroom.stores().all();
    let store = stores.iter().find(|store| store.name() == "headroom.tenants").unwrap();
    assert!(store.bytes() > 0 && store.bytes() <= store.cap_bytes());
    drop(running);
    let newcomer = join(crowd);
    assert_eq!((store.entries(), store.evictions()), (1, TENANT_CAP as u64), "the idle ones made room");
    drop(newcomer);
    assert!(store.shrink_to(0) > 0 && store.entries() == 0);
    assert_eq!(scene.headroom.root().used(), 0);
}

fn did(allocated: u64, freed: u64, peak_live: u64) -> RequestMemory {
    let retained = allocated.cast_signed() - freed.cast_signed();
    RequestMemory { allocated, freed, peak_live, retained, ..RequestMemory::default() }
}

#[test]
fn what_a_tenants_requests_did_is_kept_while_its_account_comes_and_goes() {
    let mut scene = scene();
    for (allocated, freed, peak) in [(5_000, 4_000, 3_000), (500, 600, 400)] {
        scene.of(1).flight().record(did(allocated, freed, peak));
    }
    scene.of(2).flight().record(did(1, 1, 1));
    // It is not known for whom this one worked.
    scene.request(false).flight().record(did(9, 9, 9));
    let expected =
        TenantMemory { requests: 2, allocated: 5_500, freed: 4_600, peak_max: 3_000, retained: 900 };
    let of = |scene: &Scene, tenant| {
        let rows = scene.headroom.top_tenants(9);
        assert_eq!(rows.len(), 2, "one row each: {rows:?}");
        rows.into_iter().find(|row| row.tenant == Some(name(tenant))).unwrap()
    };
    assert_eq!((of(&scene, 1).memory, of(&scene, 1).class), (expected, Class::Bulk));
    for _ in 0..110 {
        scene.look(10);
    }
    let stats = of(&scene, 1);
    assert_eq!((stats.memory, stats.pool.used, stats.pool.peak), (expected, 0, 0), "the account is gone");
    assert_eq!(stats.pool.limit, 120 * MIB, "its share, if it came now");
    assert_eq!(of(&scene, 2).memory.requests, 1);
}

#[test]
fn the_number_of_tenants_with_figures_is_bounded_and_the_others_share_a_row() {
    let scene = scene();
    let (crowd, cap) = (TENANT_CAP + 100, TENANT_CAP as u64);
    for number in 0..crowd as u64 {
        let mut tenant = [0; 16];
        tenant[..8].copy_from_slice(&number.to_ne_bytes());
        let entry = scene.request(false);
        entry.flight().belongs_to(tenant).unwrap();
        entry.flight().record(did(10, 10, 10));
    }
    let stores = scene.headroom.stores().all();
    let store = stores.iter().find(|store| store.name() == "headroom.tenants").unwrap();
    assert!(store.bytes() <= store.cap_bytes(), "{} of {}", store.bytes(), store.cap_bytes());
    assert!(store.shrink_to(0) > 0);
    assert_eq!(store.entries(), cap + 1, "figures are not thrown out");
    assert!(store.bytes() <= store.floor_bytes());
    let rows = scene.headroom.top_tenants(usize::MAX);
    let others = rows.iter().find(|row| row.tenant.is_none()).unwrap();
    assert_eq!(others.memory.requests, 100);
    assert_eq!(rows.iter().map(|row| row.memory.requests).sum::<u64>(), crowd as u64);
}
