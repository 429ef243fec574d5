//! A database with the queue's tables, a clock that the test moves, and listeners that write down what they see.

use crate::databases::Place;
use chrono::{DateTime, TimeDelta};
use clock::{Clock as _, MockClock, SeededRandom, SharedClock, SharedRandom, Timestamp};
use db::{Db, Migration, Reads, Tx, migrate, sql};
use ids::{EventId, FirmId, Id as _, UserId};
use queue::{
    BoxFuture, Delivered, Dispatcher, Envelope, Event, Jobs, Listener, ListenerError, Outbox, Settings,
};
use sea_orm::sea_query::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const SEEN: Migration = Migration {
    name: "0002_seen",
    statements: |_| vec!["CREATE TABLE seen (listener text NOT NULL, number bigint NOT NULL)".to_owned()],
};

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) outbox: Outbox,
    pub(crate) jobs: Jobs,
}

impl World {
    pub(crate) async fn on(place: &Place) -> Self {
        let clock = Arc::new(MockClock::at(DateTime::from_timestamp_micros(1_767_268_800_000_000).unwrap()));
        let mut migrations = queue::migrations();
        migrations.push(SEEN);
        migrate::run(&place.db, &migrations, clock.now()).await.unwrap();
        Self { db: place.db.clone(), clock, outbox: Outbox::new(), jobs: Jobs::new() }
    }

    pub(crate) fn clock(&self) -> SharedClock {
        Arc::<MockClock>::clone(&self.clock)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    pub(crate) fn dispatcher(&self, listeners: &[&Arc<Recorder>], settings: Settings) -> Dispatcher {
        let listeners = listeners.iter().map(|listener| Arc::clone(listener) as Arc<dyn Listener>).collect();
        Dispatcher::new(self.db.clone(), self.outbox.clone(), listeners, self.clock(), settings)
    }

    pub(crate) async fn open(&self, tx: &mut Tx, number: i64) {
        let envelope = self.envelope(number);
        self.outbox.publish(tx, envelope, &Opened { number, text: String::new() }).await.unwrap();
    }

    pub(crate) fn envelope(&self, number: i64) -> Envelope {
        Envelope {
            id: EventId::from_parts(number.unsigned_abs(), &[1; 10]),
            firm: firm(1),
            at: self.now(),
            actor: Some(UserId::from_parts(5, &[5; 10])),
            correlation: Some("request 5".to_owned()),
        }
    }

    /// Each number in a transaction of its own.
    pub(crate) async fn open_all(&self, numbers: impl IntoIterator<Item = i64>) {
        for number in numbers {
            let mut tx = self.db.writer().begin().await.unwrap();
            self.open(&mut tx, number).await;
            tx.commit().await.unwrap();
        }
    }

    /// What the listener kept, in its order of arrival on one dispatcher.
    pub(crate) async fn seen(&self, listener: &str) -> Vec<i64> {
        let text = "SELECT number FROM seen WHERE listener = $1";
        let rows =
            self.db.reader().rows(sql(self.db.dialect(), text, [Value::from(listener)])).await.unwrap();
        rows.iter().map(|row| row.at(0).unwrap()).collect()
    }

    pub(crate) async fn text(&self, query: &str) -> Vec<String> {
        let rows = self.db.reader().rows(sql(self.db.dialect(), query, [])).await.unwrap();
        rows.iter().map(|row| row.at(0).unwrap()).collect()
    }
}

pub(crate) fn random() -> SharedRandom {
    Arc::new(SeededRandom::new(7))
}

pub(crate) fn firm(number: u64) -> FirmId {
    FirmId::from_parts(number, &[9; 10])
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) number: i64,
    pub(crate) text: String,
}

impl Event for Opened {
    const TOPIC: &'static str = "case.opened";
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) number: i64,
}

impl Event for Closed {
    const TOPIC: &'static str = "case.closed";
}

/// Writes down the numbers it sees, and fails or panics at the ones it is told to.
pub(crate) struct Recorder {
    name: &'static str,
    topics: &'static [&'static str],
    pub(crate) fails_at: Mutex<BTreeSet<i64>>,
    pub(crate) panics_at: Mutex<BTreeSet<i64>>,
    pub(crate) batches: Mutex<Vec<Vec<Delivered>>>,
}

impl Recorder {
    pub(crate) fn new(name: &'static str, topics: &'static [&'static str]) -> Arc<Self> {
        Arc::new(Self {
            name,
            topics,
            fails_at: Mutex::default(),
            panics_at: Mutex::default(),
            batches: Mutex::default(),
        })
    }
}

#[derive(Deserialize)]
struct Numbered {
    number: i64,
}

impl Listener for Recorder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn topics(&self) -> &'static [&'static str] {
        self.topics
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        batch: &'a [Delivered],
    ) -> BoxFuture<'a, Result<(), ListenerError>> {
        Box::pin(async move {
            self.batches.lock().unwrap().push(batch.to_vec());
            for event in batch {
                let number = event.decode::<Numbered>()?.number;
                let values = [Value::from(self.name), Value::from(number)];
                let insert = "INSERT INTO seen (listener, number) VALUES ($1, $2)";
                tx.run(sql(tx.dialect(), insert, values)).await?;
                if self.fails_at.lock().unwrap().contains(&number) {
                    return Err(ListenerError::failed(format!("number {number} is too hard")));
                }
                assert!(!self.panics_at.lock().unwrap().contains(&number), "the listener panics on purpose");
            }
            Ok(())
        })
    }
}
