//! JSON comes item by item, within bounds, and what is wrong is told with its place.

use futures_util::StreamExt as _;
use headroom::{Meter, Pool};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{self, Read};
use streaming::json::each_json_item;
use streaming::{JsonFault, JsonLimits, parse_json_stream};

// The peak is measured by the server's allocator.
headroom::install_allocator!();

fn items(text: &str, pointer: &str) -> Result<Vec<Value>, JsonFault> {
    let mut found = Vec::new();
    each_json_item(text.as_bytes(), pointer, JsonLimits::default(), None, |item| {
        found.push(item.value);
        true
    })?;
    Ok(found)
}

fn limited(text: &str, limits: JsonLimits) -> Result<usize, JsonFault> {
    let mut count = 0;
    each_json_item::<Value>(text.as_bytes(), "", limits, None, |_| {
        count += 1;
        true
    })?;
    Ok(count)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_items_are_those_of_the_whole(
        all in prop::collection::vec(value(), 0..12), beside in value(), name in "[a-z/~ \"]{1,6}", is_pretty in any::<bool>()
    ) {
        let written = |value: &Value| {
            if is_pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }.unwrap()
        };
        prop_assert_eq!(&items(&written(&Value::from(all.clone())), "").unwrap(), &all);
        let lines = all.iter().map(written).collect::<Vec<_>>().join("\n");
        // A list that comes first would be the list of items itself.
        if all.first().is_none_or(|first| !first.is_array()) {
            prop_assert_eq!(&items(&lines, "").unwrap(), &all);
        }
        let mut outer = json!({ "before": beside });
        outer[&name] = json!([beside, { "items": all }]);
        let pointer = format!("/{}/1/items", name.replace('~', "~0").replace('/', "~1"));
        prop_assert_eq!(items(&written(&outer), &pointer).unwrap(), all);
    }

    #[test]
    fn any_bytes_give_items_or_a_fault_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), pointer in "(/[a0]){0,2}") {
        let mut count = 0;
        let _either = each_json_item::<Value>(&bytes[..], &pointer, JsonLimits::default(), None, |_| { count += 1; true });
    }

    #[test]
    fn a_text_cut_off_anywhere_is_a_fault_after_whole_items(all in prop::collection::vec(value(), 1..6), at in any::<prop::sample::Index>()) {
        let whole = serde_json::to_string(&all).unwrap();
        let mut end = at.index(whole.len());
        while !whole.is_char_boundary(end) { end -= 1; }
        let mut found = Vec::new();
        let cut = each_json_item::<Value>(&whole.as_bytes()[..end], "", JsonLimits::default(), None, |item| { found.push(item.value); true });
        prop_assert!(end == 0 || matches!(cut, Err(JsonFault::Truncated { .. })), "{cut:?}");
        prop_assert!(found.len() <= all.len());
        // A number that is cut off may look whole; every other item is as it was.
        for (found, whole) in found.iter().zip(&all).filter(|(found, _)| !found.is_number()) {
            prop_assert_eq!(found, whole);
        }
    }
}

#[test]
fn each_limit_refuses_with_its_place() {
    let limits = JsonLimits { depth: 4, item_bytes: 20, total_bytes: 100 };
    assert_eq!(limited("[1,2,[[[3]]]]", limits).unwrap(), 3);
    let deep = limited("[1,[[[[4]]]]]", limits).unwrap_err();
    assert!(matches!(deep, JsonFault::TooDeep { offset: 7, limit: 4 }), "{deep:?}");
    let large = limited(&format!("[1,\"{}\"]", "x".repeat(30)), limits).unwrap_err();
    assert!(matches!(large, JsonFault::ItemTooLarge { offset: 2 | 3, limit: 20 }), "{large:?}");
    let total = limited(&format!("[{}1]", "1,".repeat(60)), limits).unwrap_err();
    assert!(matches!(total, JsonFault::TooLarge { limit: 100 }), "{total:?}");
    let blank = limited(&" ".repeat(200), limits).unwrap_err();
    assert!(matches!(blank, JsonFault::TooLarge { limit: 100 }), "{blank:?}");
    // A name on the way is held as well.
    let name = format!("{{\"{}\":[1]}}", "n".repeat(40));
    let named = each_json_item::<Value>(name.as_bytes(), "/a", limits, None, |_| true).unwrap_err();
    assert!(matches!(named, JsonFault::ItemTooLarge { offset: 1, limit: 20 }), "{named:?}");
    assert!(limited(&format!("[{}]", "[".repeat(5000)), JsonLimits::default()).is_err());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    assert!(matches!(items("[1,2,x]", ""), Err(JsonFault::NotJson { offset: 6, .. })));
    assert!(matches!(items("[1,2] x", ""), Err(JsonFault::NotJson { .. })), "nothing may follow");
    assert!(matches!(items("{\"a\":[1]", "/a"), Err(JsonFault::Truncated { offset: 8 })));
    assert!(matches!(items("{\"a\":{}}", "/a"), Err(JsonFault::Shape { .. })), "no list");
    assert!(matches!(items("{\"a\":[1]}", "/b"), Err(JsonFault::Missing(pointer)) if pointer == "/b"));
    assert!(matches!(items("{}", "b"), Err(JsonFault::Pointer(_))));
    assert_eq!(items("", "").unwrap(), Vec::<Value>::new());
    assert_eq!(items("\u{feff} \n[true]", "").unwrap(), [json!(true)]);
    assert_eq!(items("{\"a\":[1],\"a\":[2]}", "/a").unwrap(), [json!(1)], "the first of two counts");
    let typed = each_json_item::<u8>(&b"[1,300]"[..], "", JsonLimits::default(), None, |_| true);
    assert!(matches!(typed, Err(JsonFault::Shape { .. })), "{typed:?}");
}

/// A list of a million items that nobody wrote down.
struct Endless {
    rest: u64,
    piece: Vec<u8>,
    at: usize,
}

impl Endless {
    fn of(bytes: u64) -> Self {
        Self { rest: bytes, piece: br#"{"id":12345,"text":"a line of an index"},"#.to_vec(), at: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.rest).unwrap_or(usize::MAX));
        for byte in &mut buffer[..count] {
            *byte = self.piece[self.at];
            self.at = (self.at + 1) % self.piece.len();
        }
        self.rest -= count as u64;
        Ok(count)
    }
}

/// A gibibyte takes code without optimisation minutes: there it is the sixty-fourth part.
const LONG_BYTES: u64 = if cfg!(debug_assertions) { 16 << 20 } else { 1 << 30 };

#[test]
fn memory_does_not_depend_on_the_length() {
    let limits = JsonLimits { total_bytes: 1 << 40, ..JsonLimits::default() };
    let peak = |bytes: u64| {
        let (meter, mut count) = (Meter::new(), 0_u64);
        let end = meter.around(|| {
            let source = (&b"["[..]).chain(Endless::of(bytes));
            each_json_item::<Value>(source, "", limits, None, |_| {
                count += 1;
                true
            })
        });
        assert!(matches!(end, Err(JsonFault::Truncated { .. } | JsonFault::NotJson { .. })), "{end:?}");
        assert!(count > bytes / 50, "{count}");
        meter.totals().peak_live
    };
    let (short, long) = (peak(1 << 20), peak(LONG_BYTES));
    assert!(long < 256 << 10 && long <= short + (16 << 10), "{short} and {long}");
}

#[tokio::test]
async fn items_are_borrowed_for_and_a_full_pool_refuses() {
    let room = Pool::root("json", 1 << 20);
    let text = format!("[{}]", vec![format!("\"{}\"", "x".repeat(100_000)); 40].join(","));
    let stream = |text: String| {
        let limits = JsonLimits::default();
        parse_json_stream::<Value, _>(io::Cursor::new(text), "", limits, Some(room.clone())).unwrap()
    };
    let mut items = stream(text.clone());
    let mut count = 0;
    while let Some(item) = items.next().await {
        let item = item.unwrap();
        assert!((100_000..200_000).contains(&item.borrowed_bytes()), "{}", item.borrowed_bytes());
        assert!(room.used() >= item.borrowed_bytes());
        count += 1;
    }
    assert_eq!((count, room.used()), (40, 0));
    // Kept items hold on to their memory, and there is none for more.
    let kept: Vec<_> = stream(text).collect().await;
    assert!(kept.len() < 12, "{}", kept.len());
    assert!(matches!(kept.last(), Some(Err(JsonFault::Memory { .. }))), "{:?}", kept.last());
    drop(kept);
    assert_eq!(room.used(), 0);
    // Many small values weigh more than their text.
    let dense = stream(format!("[[{}0]]", "0,".repeat(100_000))).next().await.unwrap();
    assert!(matches!(dense, Err(JsonFault::Memory { .. })), "{dense:?}");
}

#[tokio::test]
async fn a_stream_that_is_dropped_stops_reading() {
    struct Watched {
        source: Endless,
        // Dropped with the source.
        _alive: tokio::sync::mpsc::Sender<()>,
    }
    impl Read for Watched {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.source.read(buffer)
        }
    }
    let (alive, mut ended) = tokio::sync::mpsc::channel(1);
    let limits = JsonLimits { total_bytes: u64::MAX, ..JsonLimits::default() };
    let source = (&b"["[..]).chain(Watched { source: Endless::of(u64::MAX), _alive: alive });
    let mut items = parse_json_stream::<Value, _>(source, "", limits, None).unwrap();
    assert!(items.next().await.unwrap().is_ok());
    drop(items);
    assert!(ended.recv().await.is_none(), "the source is dropped");
}
