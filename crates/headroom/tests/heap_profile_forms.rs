#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! The forms of a profile: jemalloc's text and pprof's protobuf, sound and damaged.

use headroom::heap_profile::{HeapProfile, HeapUse, NotADump, NotAProfile, OtherProgram, STACK_CAP};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const DUMP: &str = "heap_v2/524288
  t*: 3: 67109888 [0: 0]
  t1: 3: 67109888 [0: 0] main thread: a [name]
@ 0x401001 0x401101 0x7f0000000301
  t*: 1: 67108864 [0: 0]
  t1: 1: 67108864 [0: 0]
@ 0x401001 0x401201
  t*: 2: 1024 [0: 0]
  t1: 2: 1024 [0: 0]

MAPPED_LIBRARIES:
00400000-00401000 r--p 00000000 08:01 11                                 /opt/app/server
00401000-00500000 r-xp 00001000 08:01 11                                 /opt/app/server (deleted)
7f0000000000-7f0000010000 r-xp 00002000 08:01 12                         /lib/libc.so.6
7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                          [vdso]
";

fn read(text: &str) -> Result<HeapProfile, NotADump> {
    HeapProfile::read_dump(text.as_bytes())
}

fn pprof(profile: &HeapProfile) -> Vec<u8> {
    let mut bytes = Vec::new();
    profile.write_pprof(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_dump_is_read_and_its_counts_are_made_whole() {
    let profile = read(DUMP).unwrap();
    assert_eq!(profile.sample_bytes, 1 << 19);
    let stacks: Vec<_> = profile.stacks().collect();
    assert_eq!(stacks[0].addresses, [0x40_1000, 0x40_1100, 0x7f00_0000_0300]);
    assert_eq!(stacks[0].used, HeapUse { objects: 1, bytes: 64 << 20 });
    // Each of two 512-byte samples stands for 1 / (1 - exp(-512 / 524288)) = 1024.5 allocations.
    assert_eq!(stacks[1].used, HeapUse { objects: 2049, bytes: 1_049_088 });
    let paths: Vec<_> = profile.mappings().iter().map(|mapping| mapping.path.as_str()).collect();
    assert_eq!(paths, ["/opt/app/server", "/lib/libc.so.6"]);
    let mut lines = Vec::new();
    profile.write_collapsed(&mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert!(lines.starts_with("libc.so.6+0x2300;server+0x1100;server+0x1000 67108864\n"), "{lines}");
}

#[test]
fn a_dump_that_was_cut_anywhere_is_refused() {
    // Behind the first line of the mappings of code no cut at a line's end can be seen; nothing but libraries is lost.
    let whole = DUMP.find("7f0000000000-").unwrap();
    for end in 0..DUMP.len() {
        let is_seen = end < whole || !DUMP[..end].ends_with('\n');
        assert_eq!(read(&DUMP[..end]).is_err(), is_seen, "{:?}", &DUMP[..end]);
    }
}

#[test]
fn hostile_dumps_are_refused() {
    let endless = format!("heap_v2/524288\n@ {}", "0x1 ".repeat(1 << 20));
    for text in [
        "",
        "heap_v2/0\n",
        "heap_v1/524288\n",
        &endless,
        &DUMP.replace("  t*: 2: 1024 [0: 0]\n", ""),
        &DUMP.replace("0x401201", "401201"),
        &DUMP.replace("0x401201", "0x0"),
        &DUMP.replace("2: 1024", "2: 18446744073709551616"),
        &DUMP.replace("00401000-00500000", "00401000+00500000"),
    ] {
        assert!(read(text).is_err(), "{text:.200}");
    }
    let immense = DUMP.replace("2: 1024", "18446744073709551615: 18446744073709551615");
    let sum = read(&immense).unwrap().total();
    assert_eq!((sum.objects, sum.bytes), (i64::MAX, i64::MAX));
}

#[test]
fn more_stacks_than_the_cap_are_added_up() {
    let mut text = String::from("heap_v2/1\n");
    for stack in 0..STACK_CAP + 7 {
        writeln!(text, "@ {:#x}\n  t*: 1: 1000 [0: 0]", 0x40_1001 + stack).unwrap();
    }
    text.push_str(&DUMP[DUMP.find("\nMAPPED").unwrap()..]);
    let profile = read(&text).unwrap();
    let last = profile.stacks().last().unwrap();
    assert_eq!((last.addresses, last.used.objects), (&[][..], 7));
    assert_eq!(HeapProfile::read_pprof(&pprof(&profile)).unwrap(), profile);
}

#[test]
fn a_difference_moves_the_older_addresses_to_where_the_code_lies_now() {
    let older = read(DUMP).unwrap();
    let moved = DUMP.replace("0x4", "0x55550004").replace("00400000-00401000", "5555000400000-5555000401000");
    let moved = moved
        .replace("00401000-00500000", "5555000401000-5555000500000")
        .replace("1: 67108864", "2: 134217728");
    let newer = read(&moved).unwrap();
    let newer_stack = newer.stacks().next().unwrap().addresses.to_vec();
    let change = newer.since(&older).unwrap();
    let stacks: Vec<_> = change.stacks().collect();
    assert_eq!(stacks.len(), 1, "{stacks:x?}");
    assert_eq!(
        (stacks[0].addresses, stacks[0].used),
        (&newer_stack[..], HeapUse { objects: 1, bytes: 64 << 20 })
    );
    let back = older.since(&newer).unwrap();
    assert_eq!(back.total(), HeapUse { objects: -1, bytes: -(64 << 20) });
    assert_eq!(HeapProfile::read_pprof(&pprof(&back)).unwrap(), back);
    let other = read(&DUMP.replace("app/server", "app/other")).unwrap();
    assert_eq!(newer.since(&other), Err(OtherProgram));
}

/// A message as field numbers and values, read by nothing of the crate: numbers, and bytes.
type Decoded = BTreeMap<u64, Vec<(u64, Vec<u8>)>>;

fn decode(mut bytes: &[u8]) -> Decoded {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let length = bytes.iter().position(|byte| *byte < 128).unwrap() + 1;
        let (group, rest) = bytes.split_at(length);
        *bytes = rest;
        group.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 127))
    }
    let mut fields = Decoded::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let number = varint(&mut bytes);
        let content = if key & 7 == 2 {
            let (content, rest) = bytes.split_at(usize::try_from(number).unwrap());
            bytes = rest;
            content.to_vec()
        } else {
            assert_eq!(key & 7, 0);
            Vec::new()
        };
        fields.entry(key >> 3).or_default().push((number, content));
    }
    fields
}

#[test]
fn pprof_decodes_by_its_published_fields() {
    let profile = read(DUMP).unwrap();
    let decoded = decode(&pprof(&profile));
    let text =
        |index: u64| String::from_utf8(decoded[&6][usize::try_from(index).unwrap()].1.clone()).unwrap();
    assert_eq!(text(0), "");
    let kinds: Vec<_> = decoded[&1].iter().map(|(_, kind)| text(decode(kind)[&1][0].0)).collect();
    assert_eq!(kinds, ["inuse_objects", "inuse_space"]);
    assert_eq!((decoded[&12][0].0, text(decoded[&14][0].0)), (1 << 19, "inuse_space".to_owned()));
    let server = decode(&decoded[&3][0].1);
    assert_eq!((server[&2][0].0, server[&3][0].0, server[&4][0].0), (0x40_1000, 0x50_0000, 0x1000));
    assert_eq!(text(server[&5][0].0), "/opt/app/server");
    let address_of = |id: u8| {
        let locations = decoded[&4].iter().map(|(_, location)| decode(location));
        let found = locations.into_iter().find(|location| location[&1][0].0 == u64::from(id)).unwrap();
        (found[&3][0].0, found[&2][0].0)
    };
    let sample = decode(&decoded[&2][0].1);
    let places: Vec<_> = sample[&1][0].1.iter().map(|id| address_of(*id)).collect();
    assert_eq!(places, [(0x40_1000, 1), (0x40_1100, 1), (0x7f00_0000_0300, 2)]);
    assert_eq!(sample[&2][0].1, [1, 0x80, 0x80, 0x80, 0x20], "1 object, 64 MiB");
    assert_eq!(HeapProfile::read_pprof(&pprof(&profile)).unwrap(), profile);
    assert_eq!(HeapProfile::read_pprof(&[]), Err(NotAProfile::OtherKind));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        drop(HeapProfile::read_dump(bytes.as_slice()));
        drop(HeapProfile::read_pprof(&bytes));
    }

    #[test]
    fn no_damage_makes_the_reader_panic(at in 0..DUMP.len(), byte: u8, cut in 0..DUMP.len()) {
        let mut bytes = DUMP.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(profile) = HeapProfile::read_dump(bytes.as_slice()) {
            drop(profile.since(&profile));
            let written = pprof(&profile);
            prop_assert_eq!(HeapProfile::read_pprof(&written).unwrap(), profile);
        }
        prop_assert!(HeapProfile::read_dump(&bytes[..cut.min(DUMP.len() - 300)]).is_err());
        let mut written = pprof(&read(DUMP).unwrap());
        let at = at % written.len();
        written[at] = byte;
        drop(HeapProfile::read_pprof(&written));
        written.truncate(cut % written.len());
        drop(HeapProfile::read_pprof(&written));
    }
}
