//! Byte ranges against a model that marks bytes one by one.
#![expect(clippy::single_range_in_vec_init, reason = "a list of one range is meant")]

use documents::range::{MAX_RANGES, Wanted, wanted};
use proptest::prelude::*;

/// One range of a header, as somebody may write it.
#[derive(Debug, Clone)]
enum Spec {
    Between(u64, u64),
    From(u64),
    Last(u64),
}

impl Spec {
    fn text(&self) -> String {
        match self {
            Self::Between(first, last) => format!("{first}-{last}"),
            Self::From(first) => format!("{first}-"),
            Self::Last(length) => format!("-{length}"),
        }
    }

    /// Whether it asks for this byte.
    fn has(&self, byte: u64, size: u64) -> bool {
        match self {
            Self::Between(first, last) => (*first..=*last).contains(&byte),
            Self::From(first) => byte >= *first,
            Self::Last(length) => byte + length >= size,
        }
    }
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let spec = prop_oneof![
        (0_u64..80, 0_u64..40).prop_map(|(first, more)| Spec::Between(first, first + more)),
        (0_u64..80).prop_map(Spec::From),
        (0_u64..80).prop_map(Spec::Last),
    ];
    prop::collection::vec(spec, 1..=MAX_RANGES)
}

proptest! {
    #[test]
    fn the_parts_are_the_bytes_asked_for_each_once(specs in specs(), size in 1_u64..64) {
        let header = format!("bytes={}", specs.iter().map(Spec::text).collect::<Vec<_>>().join(", "));
        let asked: Vec<u64> = (0..size).filter(|byte| specs.iter().any(|spec| spec.has(*byte, size))).collect();
        match wanted(&header, size) {
            Wanted::Whole => prop_assert!(false, "a well-formed header was ignored: {header}"),
            Wanted::Nothing => prop_assert!(asked.is_empty(), "{header} of {size}"),
            Wanted::Parts(parts) => {
                let mut given: Vec<u64> = parts.iter().cloned().flatten().collect();
                given.sort_unstable();
                prop_assert_eq!(given, asked, "{} of {}", header, size);
                let mut sorted = parts.clone();
                sorted.sort_by_key(|part| part.start);
                prop_assert!(sorted.windows(2).all(|pair| pair[0].end < pair[1].start), "{parts:?} touch");
                // The part that the first range inside belongs to comes first.
                let first = specs.iter().find_map(|spec| (0..size).find(|byte| spec.has(*byte, size)));
                prop_assert!(first.is_some_and(|byte| parts[0].contains(&byte)), "{parts:?} of {header}");
            }
        }
    }

    #[test]
    fn no_text_is_a_panic_or_leaves_the_file(text in ".{0,60}", size in any::<u64>()) {
        for header in [text.clone(), format!("bytes={text}")] {
            if let Wanted::Parts(parts) = wanted(&header, size) {
                prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= size));
            }
        }
    }
}

#[test]
fn the_examples_of_the_rfc() {
    let parts = |ranges: &[std::ops::Range<u64>]| Wanted::Parts(ranges.to_vec());
    assert_eq!(wanted("bytes=0-499", 10_000), parts(&[0..500]));
    assert_eq!(wanted("bytes=500-999", 10_000), parts(&[500..1000]));
    assert_eq!(wanted("bytes=-500", 10_000), parts(&[9500..10_000]));
    assert_eq!(wanted("bytes=9500-", 10_000), parts(&[9500..10_000]));
    assert_eq!(wanted("bytes=0-0,-1", 10_000), parts(&[0..1, 9999..10_000]));
    assert_eq!(wanted("bytes= 0-999, 4500-5499, -1000", 10_000), parts(&[0..1000, 4500..5500, 9000..10_000]));
    assert_eq!(wanted("bytes=500-700,601-999", 10_000), parts(&[500..1000]));
}

#[test]
fn what_lies_outside_is_nothing_and_what_is_no_range_is_ignored() {
    assert_eq!(wanted("bytes=10000-", 10_000), Wanted::Nothing);
    assert_eq!(wanted("bytes=-0", 10_000), Wanted::Nothing);
    assert_eq!(wanted("bytes=99999999999999999999999-", 10_000), Wanted::Nothing);
    assert_eq!(wanted("bytes=5-99999999999999999999999", 10), Wanted::Parts(vec![5..10]));
    for ignored in
        ["bytes=", "bytes=5-2", "bytes=a-b", "bytes=1", "bytes=-", "pages=1-2", "bytes 0-1", "bytes=+1-2"]
    {
        assert_eq!(wanted(ignored, 10), Wanted::Whole, "{ignored}");
    }
    let many = vec!["0-0"; MAX_RANGES + 1].join(",");
    assert_eq!(wanted(&format!("bytes={many}"), 10), Wanted::Whole);
}

#[test]
fn an_empty_file_has_an_end_but_no_bytes() {
    assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    assert_eq!(wanted("bytes=-5", 0), Wanted::Whole);
    assert_eq!(wanted("bytes=-0", 0), Wanted::Nothing);
}
