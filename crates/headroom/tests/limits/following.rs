//! A limit that is lowered while the server runs.

use crate::groups::{KINDS, MIB, Watched};
use headroom::{Cache, CacheConfig, Class, Level, LimitChange, Meter, RefusalKind};
use std::io;
use std::sync::Arc;

/// How often the controller looks at rest, in microseconds.
const TICK: u64 = 100_000;

/// With the first look that finds it, a tenth of a second after the last: level, admission, pools and caches.
#[test]
fn all_that_follows_from_a_lowered_limit_is_done_with_the_look_that_finds_it() -> io::Result<()> {
    for kind in KINDS {
        let watched = Watched::start(kind, 400 * MIB)?;
        let headroom = &watched.headroom;
        let cache = Arc::new(Cache::<u64, Vec<u8>>::new(CacheConfig {
            name: "test".to_owned(),
            cap_bytes: MIB,
            usual_entry_bytes: 1024,
            ttl_micros: None,
            weigh: |_, value: &Vec<u8>| value.capacity() as u64,
        }));
        assert!(headroom.stores().register(Arc::clone(&cache) as _).is_ok());
        assert!((0..500).all(|key| cache.insert(key, vec![0; 1024], 0)));
        let held = headroom.class(Class::Bulk).try_lease(50 * MIB).map_err(io::Error::other)?;
        watched.usage(86 * MIB, 0)?;
        assert_eq!(headroom.sample_at(10 * TICK), Level::Normal, "{kind:?}");
        assert!(headroom.admit("/x", Class::Bulk, Meter::new(), false).is_ok());
        assert!(cache.bytes() > 500_000);

        watched.limit(100 * MIB)?;
        assert_eq!(
            headroom.sample_at(11 * TICK),
            Level::Critical,
            "{kind:?}: 86 of 100 MiB, and nothing grows"
        );
        assert_eq!((headroom.budget().bytes, headroom.root().limit()), (75 * MIB, 75 * MIB));
        let refusal =
            headroom.admit("/x", Class::Bulk, Meter::new(), false).err().map(|refusal| refusal.kind);
        assert_eq!(refusal, Some(RefusalKind::Exhausted));
        assert_eq!(cache.bytes(), 0, "{kind:?}");
        assert!(headroom.class(Class::Bulk).try_lease(1).is_err(), "50 MiB are lent, 30 may be");
        assert!(
            headroom.class(Class::Interactive).try_lease(26 * MIB).is_err(),
            "no more than the new budget"
        );
        let expected = LimitChange {
            at_micros: 11 * TICK,
            within_micros: TICK,
            from_bytes: 400 * MIB,
            to_bytes: 100 * MIB,
        };
        assert_eq!(headroom.controls().limit_change, Some(expected));

        drop(held);
        watched.limit(400 * MIB)?;
        for look in 12..36 {
            headroom.sample_at(look * TICK);
        }
        assert_eq!((headroom.level(), headroom.root().limit()), (Level::Normal, 300 * MIB), "{kind:?}");
        assert!(headroom.admit("/x", Class::Bulk, Meter::new(), false).is_ok());
    }
    Ok(())
}

/// The one above may be lowered while the own cannot be read, and the other way round.
#[test]
fn each_group_of_a_nested_one_is_followed_by_itself() -> io::Result<()> {
    let watched = Watched::start(KINDS[2], 400 * MIB)?;
    let limit = |at_tick: u64| {
        watched.headroom.sample_at(at_tick * TICK);
        (watched.headroom.budget().limit.bytes / MIB, watched.headroom.controls().unreadable.limit)
    };
    watched.machine.group("pod/app/memory.max", "314572800\n")?;
    assert_eq!(limit(1), (300, false));
    std::fs::remove_file(watched.path("pod/app/memory.max"))?;
    assert_eq!(limit(2), (300, true));
    watched.limit(200 * MIB)?;
    assert_eq!(limit(3), (200, true));
    watched.limit(500 * MIB)?;
    assert_eq!(limit(4), (300, true), "what was last read of the own still counts");
    watched.machine.group("pod/app/memory.max", "max\n")?;
    assert_eq!(limit(5), (500, false));
    Ok(())
}
