//! Byte ranges of downloads (RFC 9110, 14).

use std::ops::Range;

/// The most ranges of one request; a header with more is ignored (RFC 9110, 14.2 allows it, and 17.15 advises it).
pub const MAX_RANGES: usize = 16;

/// What a `Range` header asks of a representation of known size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: the header is absent, not understood, or asks for too many ranges.
    Whole,
    /// These parts, in the order asked for; none is empty, and none overlaps or touches another.
    Parts(Vec<Range<u64>>),
    /// Nothing that there is: 416.
    Nothing,
}

/// Reads the value of a `Range` header. Ranges that overlap or touch become one, at the place of the earliest asked for
/// (RFC 9110, 15.3.7.2).
pub fn wanted(header: &str, size: u64) -> Wanted {
    let Some((unit, set)) = header.split_once('=') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let mut parts = Vec::new();
    let mut count = 0;
    for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])).filter(|spec| !spec.is_empty()) {
        count += 1;
        if count > MAX_RANGES {
            return Wanted::Whole;
        }
        match part(spec, size) {
            Part::Inside(range) => parts.push(range),
            Part::Outside => {}
            Part::Malformed => return Wanted::Whole,
        }
    }
    match (count, parts.is_empty()) {
        (0, _) => Wanted::Whole,
        // An end of an empty file is the whole of it, and no `Content-Range` could say so.
        (_, true) if size == 0 && asks_for_an_end(set) => Wanted::Whole,
        (_, true) => Wanted::Nothing,
        (_, false) => Wanted::Parts(coalesced(parts)),
    }
}

/// One range of the list.
enum Part {
    Inside(Range<u64>),
    Outside,
    Malformed,
}

fn part(spec: &str, size: u64) -> Part {
    let Some((first, last)) = spec.split_once('-') else { return Part::Malformed };
    match (number(first), number(last)) {
        (None, Some(length)) if first.is_empty() => inside(size - length.min(size)..size),
        (Some(first), None) if last.is_empty() => inside(first..size),
        (Some(first), Some(last)) if first <= last => inside(first..last.saturating_add(1).min(size)),
        _ => Part::Malformed,
    }
}

fn inside(range: Range<u64>) -> Part {
    if range.is_empty() { Part::Outside } else { Part::Inside(range) }
}

/// Digits alone; a number too large for 64 bits is as good as the largest.
fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(u64::MAX))
}

fn asks_for_an_end(set: &str) -> bool {
    let ends = set.split(',').filter_map(|spec| spec.trim_matches([' ', '\t']).strip_prefix('-'));
    ends.filter_map(number).any(|length| length > 0)
}

fn coalesced(parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut placed: Vec<(usize, Range<u64>)> = parts.into_iter().enumerate().collect();
    placed.sort_by_key(|(_, range)| range.start);
    let mut merged: Vec<(usize, Range<u64>)> = Vec::with_capacity(placed.len());
    for (place, range) in placed {
        match merged.last_mut() {
            Some((earliest, known)) if range.start <= known.end => {
                known.end = known.end.max(range.end);
                *earliest = (*earliest).min(place);
            }
            _ => merged.push((place, range)),
        }
    }
    merged.sort_by_key(|(place, _)| *place);
    merged.into_iter().map(|(_, range)| range).collect()
}
