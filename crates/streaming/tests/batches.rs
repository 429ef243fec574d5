//! Batches and chunks keep their bounds, their order, and every item.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::{StreamExt as _, stream};
use proptest::prelude::*;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use streaming::{Batches, NoSize, OnError, chunk_array, process_batch};
use tokio::sync::watch;

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// How many are under way, and how many were at once.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    async fn hold(&self, yields: usize) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

proptest! {
    #[test]
    fn every_item_has_its_result_and_no_more_are_under_way_than_may_be(
        items in prop::collection::vec(0usize..5, 0..60), size in 1usize..6, concurrency in 1usize..5, ordered in any::<bool>()
    ) {
        let gauge = Arc::new(Gauge::default());
        let batches = Batches { size, concurrency, ordered, ..Batches::default() };
        let work = {
            let gauge = Arc::clone(&gauge);
            move |(place, yields): (usize, usize)| {
                let gauge = Arc::clone(&gauge);
                async move {
                    gauge.hold(yields).await;
                    if yields == 4 { Err(place) } else { Ok(place) }
                }
            }
        };
        let results: Vec<Result<usize, usize>> =
            run(process_batch(stream::iter(items.clone().into_iter().enumerate()), batches, work).collect());
        let mut places: Vec<usize> = results.iter().map(|result| result.unwrap_or_else(|place| place)).collect();
        if !ordered {
            places.sort_unstable();
        }
        prop_assert_eq!(places, (0..items.len()).collect::<Vec<_>>());
        let failed = items.iter().filter(|yields| **yields == 4).count();
        prop_assert_eq!(results.iter().filter(|result| result.is_err()).count(), failed);
        prop_assert!(gauge.most.load(Ordering::SeqCst) <= size * concurrency);
    }

    #[test]
    fn chunks_put_together_are_what_was_cut(items in prop::collection::vec(any::<String>(), 0..50), size in 1usize..12) {
        let chunks: Vec<Vec<String>> = chunk_array(items.clone(), size).unwrap().collect();
        prop_assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() == size));
        prop_assert!(chunks.last().is_none_or(|chunk| (1..=size).contains(&chunk.len())));
        prop_assert_eq!(chunks.concat(), items);
    }
}

/// What cannot be copied.
struct Only(u8);

#[test]
fn chunks_of_nothing_are_refused_and_items_are_moved() {
    assert_eq!(chunk_array([1, 2], 0).unwrap_err(), NoSize);
    let chunks: Vec<usize> =
        chunk_array([Only(1), Only(2), Only(3)], 2).unwrap().map(|chunk| chunk.len()).collect();
    assert_eq!(chunks, [2, 1]);
    assert_eq!(Only(4).0, 4);
    // An iterator that promises much gets no more memory than a chunk.
    let first = chunk_array(0..u64::MAX, 3).unwrap().next().unwrap();
    assert!(first.capacity() <= 4, "{}", first.capacity());
}

#[test]
fn the_first_error_ends_it_when_that_is_wished() {
    let begun = Arc::new(AtomicUsize::new(0));
    let work = {
        let begun = Arc::clone(&begun);
        move |item: u32| {
            begun.fetch_add(1, Ordering::SeqCst);
            async move { if item == 3 { Err("three") } else { Ok(item) } }
        }
    };
    let batches = Batches { size: 2, concurrency: 1, on_error: OnError::FailFast, ..Batches::default() };
    let results: Vec<_> = run(process_batch(stream::iter(0..1000), batches, work).collect());
    assert_eq!(results, [Ok(0), Ok(1), Ok(2), Err("three")]);
    assert!(begun.load(Ordering::SeqCst) <= 6, "{begun:?}: what follows is not begun");
}

#[tokio::test]
async fn no_batch_begins_during_a_pause() {
    let (pause, paused) = watch::channel(true);
    let begun = Arc::new(AtomicUsize::new(0));
    let work = {
        let begun = Arc::clone(&begun);
        move |item: u32| {
            begun.fetch_add(1, Ordering::SeqCst);
            async move { Ok::<_, ()>(item) }
        }
    };
    let batches = Batches { size: 1, concurrency: 2, pause: Some(paused), ..Batches::default() };
    let mut results = process_batch(stream::iter(0..4), batches, work);
    let mut next = results.next();
    let looked = Pin::new(&mut next).poll(&mut Context::from_waker(Waker::noop()));
    assert!(looked.is_pending());
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    pause.send_replace(false);
    assert_eq!(next.await, Some(Ok(0)));
    pause.send_replace(true);
    drop(pause);
    let rest: Vec<_> = results.collect().await;
    assert_eq!(rest.len(), 3, "nobody is left to ask for a pause");
}
