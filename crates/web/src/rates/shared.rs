//! What servers on one database tell each other, so that nobody has a limit at each of them.
//!
//! A key is told when an eighth of its limit is untold, and a server admits a quarter of the limit at most before it has
//! heard the answer. So `n` servers admit together at most what one would, and `n - 1` quarters more. That does not add up:
//! what all admitted comes back with the answer and has to be paid for. Most callers never cost the database anything, and
//! the others one row in many requests.

use super::gcra::{Quota, Verdict};
use super::table::Table;
use super::{RateKey, Whom};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// The most keys that are told at once. A key for which there is no place is told a little later, or is counted here alone.
const MOST_KEYS: usize = 256;

/// How long a caller waits whose quarter is used up, in microseconds: the answer comes sooner.
const SOON_MICROS: i64 = 1_000_000;

const ALONE: u8 = 0;
/// The others are told, and the last answer came.
const TOGETHER: u8 = 1;
/// The others are told, and the last answer did not come: each server has the whole limit meanwhile.
const CUT_OFF: u8 = 2;

/// What was admitted here of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// Whose.
    pub key: RateKey,
    /// How many requests.
    count: u32,
    /// What they cost, in microseconds of the key's time.
    pub cost_micros: i64,
}

/// What all servers know of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The key's [`RateKey::digest`].
    pub digest: [u8; 16],
    /// When everything that was admitted anywhere will be paid for, in microseconds since 1970.
    pub paid_micros: i64,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    state: AtomicU8,
    // bounded: `MOST_KEYS`.
    queued: Mutex<Vec<(RateKey, Quota)>>,
    wake: Notify,
}

impl Shared {
    pub(super) fn begin(&self) {
        self.state.store(TOGETHER, Ordering::Relaxed);
    }

    pub(super) async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Counts a request of a key.
    pub(super) fn take(&self, table: &Table, key: RateKey, quota: Quota, now_micros: i64) -> Verdict {
        let state = self.state.load(Ordering::Relaxed);
        let (verdict, is_due) = table.with(key, |entry| {
            if state == TOGETHER && entry.untold >= quota.limit().div_ceil(4) {
                return (Verdict::Refused { after_micros: SOON_MICROS }, !entry.is_queued);
            }
            let verdict = quota.take(&mut entry.paid_micros, now_micros);
            if state == ALONE || !matches!(verdict, Verdict::Admitted { .. }) {
                return (verdict, false);
            }
            entry.untold = entry.untold.saturating_add(1);
            (verdict, !entry.is_queued && entry.untold >= quota.limit().div_ceil(8))
        });
        if is_due {
            self.queue(table, key, quota);
        }
        verdict
    }

    fn queue(&self, table: &Table, key: RateKey, quota: Quota) {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        if queued.len() < MOST_KEYS && table.with(key, |entry| !std::mem::replace(&mut entry.is_queued, true))
        {
            queued.push((key, quota));
        }
        self.wake.notify_one();
    }

    /// Takes what is to be told.
    pub(super) fn admitted(&self, tables: [&Table; 2]) -> Vec<Admitted> {
        let queued = std::mem::take(&mut *self.queued.lock().unwrap_or_else(PoisonError::into_inner));
        let take = |(key, quota): (RateKey, Quota)| {
            table_of(tables, &key).known(&key, |entry| {
                entry.is_queued = false;
                let count = entry.untold;
                Admitted { key, count, cost_micros: quota.each_micros().saturating_mul(i64::from(count)) }
            })
        };
        queued.into_iter().filter_map(take).filter(|admitted| admitted.count > 0).collect()
    }

    /// Takes over what all servers know. Until then what was told counts as untold, so that it bounds what is admitted.
    pub(super) fn learn(&self, tables: [&Table; 2], told: &[Admitted], known: Option<&[Known]>) {
        let state = if known.is_some() { TOGETHER } else { CUT_OFF };
        if self.state.swap(state, Ordering::Relaxed) != state {
            tracing::info!(
                is_shared = known.is_some(),
                "the rate limits are counted with other servers, or alone"
            );
        }
        let Some(known) = known else { return };
        for Admitted { key, count, cost_micros } in told {
            let digest = key.digest();
            let Some(all) = known.iter().find(|all| all.digest == digest) else { continue };
            table_of(tables, key).known(key, |entry| {
                let later = entry.untold.saturating_sub(*count);
                // What came here meanwhile is not among what all know.
                let each = cost_micros.checked_div(i64::from(*count)).unwrap_or(0);
                let owed = all.paid_micros.saturating_add(each.saturating_mul(i64::from(later)));
                entry.paid_micros = entry.paid_micros.max(owed);
                entry.untold = later;
            });
        }
    }
}

fn table_of<'a>([principals, addresses]: [&'a Table; 2], key: &RateKey) -> &'a Table {
    if key.whom() == Whom::Principal { principals } else { addresses }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rates::RateClass;
    use headroom::StoreRegistry;
    use proptest::prelude::*;

    const START: i64 = 1_000_000_000_000;

    fn table() -> Table {
        Table::register("test", 64 << 10, &StoreRegistry::default()).unwrap()
    }

    fn key() -> RateKey {
        RateKey::principal(RateClass::General, [7; 16])
    }

    enum Telling {
        Nothing,
        /// Taken, and on its way to the database.
        Sent(Vec<Admitted>),
        /// Added there; the answer is on its way back.
        Added(Vec<Admitted>, Known),
    }

    /// Servers on one row, as the database keeps it.
    struct Servers {
        servers: Vec<(Table, Shared, Telling)>,
        paid_micros: i64,
    }

    impl Servers {
        fn new(count: usize) -> Self {
            let server = || {
                let shared = Shared::default();
                shared.begin();
                (table(), shared, Telling::Nothing)
            };
            Self { servers: (0..count).map(|_| server()).collect(), paid_micros: 0 }
        }

        fn is_admitted(&self, server: usize, quota: Quota, now: i64) -> bool {
            let (table, shared, _) = &self.servers[server];
            matches!(shared.take(table, key(), quota, now), Verdict::Admitted { .. })
        }

        /// One of the three steps of telling.
        fn step(&mut self, server: usize, now: i64) {
            let (table, shared, telling) = &mut self.servers[server];
            let tables = [&*table, &*table];
            *telling = match std::mem::replace(telling, Telling::Nothing) {
                Telling::Nothing => Telling::Sent(shared.admitted(tables)),
                Telling::Sent(told) => {
                    for admitted in &told {
                        self.paid_micros = self.paid_micros.max(now) + admitted.cost_micros;
                    }
                    let known = Known { digest: key().digest(), paid_micros: self.paid_micros };
                    Telling::Added(told, known)
                }
                Telling::Added(told, known) => {
                    shared.learn(tables, &told, Some(&[known]));
                    Telling::Nothing
                }
            };
        }
    }

    proptest! {
        /// In every span: what one server would admit, and a quarter of the limit for each other server.
        #[test]
        fn servers_together_keep_the_limit_within_the_stated_error(
            count in 1_usize..5,
            limit in 4_u32..60,
            steps in prop::collection::vec((0_i64..40_000, 0_usize..5, any::<bool>()), 1..400),
        ) {
            let window = 1_000_000;
            let quota = Quota::new(limit, window).unwrap();
            let mut servers = Servers::new(count);
            let (mut now, mut admitted) = (START, Vec::new());
            for (pause, server, tells) in steps {
                now += pause;
                let server = server % count;
                if tells {
                    servers.step(server, now);
                } else if servers.is_admitted(server, quota, now) {
                    admitted.push(now);
                }
            }
            let error = i64::try_from(count - 1).unwrap() * i64::from(limit.div_ceil(4));
            for (first, from) in admitted.iter().enumerate() {
                for (count, to) in admitted[first..].iter().enumerate() {
                    let most = i64::from(limit) + (to - from) * i64::from(limit) / window + error;
                    prop_assert!(i64::try_from(count).unwrap() < most, "{} within {}", count + 1, to - from);
                }
            }
        }
    }

    #[test]
    fn callers_who_keep_just_below_the_limit_at_each_server_are_found() {
        let quota = Quota::new(40, 1_000_000).unwrap();
        let mut servers = Servers::new(2);
        let mut admitted = 0;
        for round in 0..4_000_i64 {
            let now = START + round * quota.each_micros();
            for server in 0..2 {
                admitted += i64::from(servers.is_admitted(server, quota, now));
                for _ in 0..3 {
                    servers.step(server, now);
                }
            }
        }
        assert!((4_000..=4_000 + 50).contains(&admitted), "{admitted}: one server alone admits 4,000");
    }

    #[test]
    fn without_an_answer_each_server_has_the_whole_limit_until_there_is_one() {
        let quota = Quota::new(40, 60_000_000).unwrap();
        let (table, shared) = (table(), Shared::default());
        shared.begin();
        let tables = [&table, &table];
        let take = || matches!(shared.take(&table, key(), quota, START), Verdict::Admitted { .. });
        assert_eq!((0..40).filter(|_| take()).count(), 10, "a quarter before the answer");
        let told = shared.admitted(tables);
        assert_eq!(told.len(), 1);
        shared.learn(tables, &told, None);
        assert_eq!((0..60).filter(|_| take()).count(), 30, "the rest, and no more");
        let told = shared.admitted(tables);
        assert_eq!(told[0].cost_micros, 40 * quota.each_micros(), "nothing is forgotten");
    }
}
