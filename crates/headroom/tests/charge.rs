//! Every request is charged for being there.

use headroom::{
    Class, Entry, Headroom, InjectedSource, Meter, REQUEST_BYTES, Refusal, RefusalKind, Settings,
};
use std::sync::Arc;

const MIB: u64 = 1 << 20;

fn engine() -> Headroom {
    Headroom::new(Settings::default(), Arc::new(InjectedSource::with_limit(64 * MIB)))
}

fn admit(headroom: &Headroom, class: Class, is_exempt: bool) -> Result<Entry, Refusal> {
    headroom.admit("/api/cases", class, Meter::new(), is_exempt)
}

#[test]
fn requests_that_only_wait_fill_the_budget_and_then_others_are_told_to_come_back() {
    let headroom = engine();
    let mut waiting = Vec::new();
    let refusal = loop {
        match admit(&headroom, Class::Standard, false) {
            Ok(entry) => waiting.push(entry),
            Err(refusal) => break refusal,
        }
    };
    let limit = headroom.class(Class::Standard).limit();
    assert_eq!(waiting.len() as u64, limit / REQUEST_BYTES);
    assert_eq!(headroom.class(Class::Standard).used(), waiting.len() as u64 * REQUEST_BYTES);
    assert_eq!(refusal.kind, RefusalKind::Exhausted);
    assert!(refusal.retry_after.is_some());
    let interactive = admit(&headroom, Class::Interactive, false).expect("another class has room of its own");
    drop((waiting, interactive));
    assert_eq!(headroom.root().used(), 0);
}

#[test]
fn what_is_never_refused_goes_on_when_nothing_is_left_but_not_without_end() {
    let headroom = engine();
    let all = headroom.root().try_lease(headroom.root().limit()).expect("nothing else is lent");
    admit(&headroom, Class::Interactive, false).expect_err("there is nothing to lend");
    let mut spared = Vec::new();
    while let Ok(entry) = admit(&headroom, Class::Interactive, true) {
        spared.push(entry);
        assert!(spared.len() < 1000);
    }
    assert_eq!(spared.len(), 32);
    spared.pop();
    spared.push(admit(&headroom, Class::Interactive, true).expect("one has gone"));
    drop((all, spared));
    let entry = admit(&headroom, Class::Interactive, true).expect("there is room again");
    assert_eq!(headroom.root().used(), REQUEST_BYTES, "it is charged like any other");
    drop(entry);
    assert_eq!(headroom.root().used(), 0);
}

#[test]
fn the_charge_moves_to_the_account_of_whom_the_request_works_for() {
    let headroom = engine();
    let entry = admit(&headroom, Class::Interactive, false).expect("there is room");
    entry.flight().belongs_to([7; 16]).expect("the share has room");
    let firm = headroom.top_tenants(1).remove(0);
    assert_eq!((firm.tenant, firm.pool.used), (Some([7; 16]), REQUEST_BYTES));
    drop(entry);
    assert_eq!(headroom.top_tenants(1)[0].pool.used, 0);
}
