//! One stack's points on one rung, and what they say.
#![expect(clippy::float_arithmetic, reason = "slopes and probabilities; no money")]

use super::series::Rungs;
use super::statistics::{drift, mann_kendall, scatter, tau, theil_sen};
use super::table::Store;
use super::{Load, MIN_WINDOWS, Scale};

/// A trend by chance is rarer than this.
const SIGNIFICANCE: f64 = 0.01;
/// Slower growth is not worth a word, in KiB a minute.
const SLOWEST_KIB_PER_MINUTE: f64 = 64.0;
/// Nor is one that adds less than this part of the live heap in an hour.
const SLOWEST_SHARE_PER_HOUR: f64 = 0.01;
/// The newer half must grow at so much of the older half's speed; what fills up grows ever more slowly.
const STILL_GROWING: f64 = 0.6;
/// At least so much of the growth must never have been given back.
const KEPT: f64 = 0.5;
/// How far the growth must be beyond what steps of such sizes add up to by chance.
const BEYOND_CHANCE: f64 = 3.0;
/// Loads are comparable up to this ratio, and this many requests.
const COMPARABLE: (f64, f64) = (1.25, 2.0);
/// In-flight requests explain a growth whose ranks follow them nearly as well as they follow the time.
const NEARLY: f64 = 0.15;
/// A store's bytes rise together with a site's from this rank correlation on.
const IN_STEP: f64 = 0.6;
/// What a store counts may be so many times less than what its entries really take.
const STORE_FACTOR: f64 = 2.0;
/// A store below this part of its cap may still fill.
const FULL: f64 = 0.95;

/// What is thought of a stack, from judgement to judgement.
#[derive(Debug, Clone, Default)]
pub(super) struct Mind {
    pub finding: Option<Finding>,
    pub confirmed: u8,
    pub stands: bool,
    pub since_micros: u64,
}

/// What a growing stack does.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub grown_bytes: u64,
    pub bytes_per_hour: u64,
    pub bytes_per_request: Option<u64>,
    pub windows: u64,
    pub span_micros: u64,
    pub confidence_percent: u8,
    pub scale: Scale,
    pub holder: Option<String>,
}

/// What the points say.
#[derive(Debug)]
pub(super) enum Judgement {
    /// There is too little to compare.
    Unknown,
    /// No leak.
    Quiet,
    /// A leak.
    Grows(Finding),
}

/// Points at a comparable load.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// Which points of the rung, counted from the newest.
    ago: Vec<usize>,
    minutes: Vec<f64>,
    requests: Vec<f64>,
    in_flight: Vec<f64>,
    kib: Vec<f64>,
    span_micros: u64,
}

impl Points {
    /// Those points of a rung at which about as many requests were in flight as at the newest.
    pub(super) fn of(loads: &Rungs<Load>, kib: &Rungs<u32>, rung: usize) -> Self {
        let (loads, kib) = (loads.points(rung), kib.points(rung));
        let (Some(newest), count) = (loads.back(), loads.len().min(kib.len())) else {
            return Self::default();
        };
        let first = loads[loads.len() - count];
        let (ratio, few) = COMPARABLE;
        let now = number(newest.in_flight);
        let mut points = Self::default();
        for ago in (0..count).rev() {
            let load = loads[loads.len() - 1 - ago];
            let in_flight = number(load.in_flight);
            if in_flight > now * ratio + few || in_flight * ratio + few < now {
                continue;
            }
            if points.ago.is_empty() {
                points.span_micros = newest.at_micros.saturating_sub(load.at_micros);
            }
            points.ago.push(ago);
            let millis = load.at_micros.saturating_sub(first.at_micros) / 1000;
            points.minutes.push(number(millis) / 60_000.0);
            points.requests.push(number(load.requests.saturating_sub(first.requests)));
            points.in_flight.push(in_flight);
            points.kib.push(f64::from(kib[kib.len() - 1 - ago]));
        }
        points
    }

    fn first_and_last(values: &[f64]) -> (f64, f64) {
        (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0))
    }
}

/// A store in step with a site, and whether it accounts for the site's growth.
#[derive(Debug)]
pub(super) struct Holder {
    name: String,
    accounts_for_it: bool,
}

/// Judges the points against the whole live heap. `holder` is only asked when everything else speaks for a leak.
pub(super) fn judge(
    points: &Points,
    live_bytes: u64,
    holder: impl Fn(&Points) -> Option<Holder>,
) -> Judgement {
    let count = points.kib.len();
    if count < MIN_WINDOWS {
        return Judgement::Unknown;
    }
    let trend = mann_kendall(&points.kib);
    if trend.score <= 0 || trend.p >= SIGNIFICANCE {
        return Judgement::Quiet;
    }
    let slope = theil_sen(&points.minutes, &points.kib);
    let share = number(live_bytes >> 10) * SLOWEST_SHARE_PER_HOUR / 60.0;
    let half = count / 2;
    let older_slope = theil_sen(&points.minutes[..=half], &points.kib[..=half]);
    let newer_slope = theil_sen(&points.minutes[half..], &points.kib[half..]);
    let chance = drift(&points.kib);
    let is_leak = slope > SLOWEST_KIB_PER_MINUTE.max(share)
        && newer_slope >= older_slope * STILL_GROWING
        // Few steps tell less of how far they go by chance.
        && chance >= BEYOND_CHANCE * (1.0 + 4.0 / number(count as u64))
        && is_kept(points, slope)
        && !follows_in_flight(points);
    if !is_leak {
        return Judgement::Quiet;
    }
    match holder(points) {
        Some(holder) if holder.accounts_for_it => Judgement::Quiet,
        held => Judgement::Grows(finding(points, slope, trend.p, chance, held)),
    }
}

/// Whether most of the growth stayed: the least of what was held ever after rises as well.
fn is_kept(points: &Points, slope: f64) -> bool {
    let mut least = f64::INFINITY;
    let mut lowest: Vec<f64> = points
        .kib
        .iter()
        .rev()
        .map(|kib| {
            least = least.min(*kib);
            least
        })
        .collect();
    lowest.reverse();
    let (begin, end) = Points::first_and_last(&lowest);
    let (from, to) = Points::first_and_last(&points.minutes);
    end - begin >= slope * (to - from) * KEPT
}

/// Whether requests in flight explain the growth as well as the time does, in ranks and in size.
fn follows_in_flight(points: &Points) -> bool {
    let by_time = tau(&points.minutes, &points.kib);
    let by_flight = tau(&points.in_flight, &points.kib);
    let (bytes_before, bytes) = Points::first_and_last(&points.kib);
    let (before, now) = Points::first_and_last(&points.in_flight);
    let growth = (bytes + 1.0) / (bytes_before + 1.0);
    by_flight >= by_time - NEARLY && growth <= (now + 1.0) / (before + 1.0) * 1.5
}

/// The registered store that grows most of those in step with the site.
pub(super) fn holder(points: &Points, stores: &[Store], rung: usize) -> Option<Holder> {
    let (begin, end) = Points::first_and_last(&points.kib);
    let mut best: Option<(f64, Holder)> = None;
    for store in stores {
        let kib = store.kib.points(rung);
        let at = |ago: &usize| Some(f64::from(*kib.get(kib.len().checked_sub(ago + 1)?)?));
        let Some(held) = points.ago.iter().map(at).collect::<Option<Vec<f64>>>() else { continue };
        let (before, now) = Points::first_and_last(&held);
        let grown = now - before;
        let is_best = best.as_ref().is_none_or(|(most, _)| grown > *most);
        if grown <= 0.0 || !is_best || tau(&held, &points.kib) < IN_STEP {
            continue;
        }
        let may_fill = now < f64::from(store.cap_kib) * FULL;
        // A quarter more for what samples leave uncertain.
        let accounts_for_it = may_fill && end - begin <= grown * STORE_FACTOR * 1.25;
        best = Some((grown, Holder { name: store.name.to_string(), accounts_for_it }));
    }
    best.map(|(_, holder)| holder)
}

fn finding(points: &Points, slope: f64, p: f64, chance: f64, held: Option<Holder>) -> Finding {
    let (from, to) = Points::first_and_last(&points.minutes);
    let per_request = theil_sen(&points.requests, &points.kib);
    let by_requests = scatter(&points.requests, &points.kib, per_request);
    let by_time = scatter(&points.minutes, &points.kib, slope);
    let scale = if per_request > 0.0 && by_requests <= by_time * 1.1 { Scale::Requests } else { Scale::Time };
    let square = chance.min(1e6) * chance.min(1e6);
    Finding {
        grown_bytes: bytes(slope * (to - from)),
        bytes_per_hour: bytes(slope * 60.0),
        bytes_per_request: (scale == Scale::Requests).then(|| bytes(per_request)),
        windows: points.kib.len() as u64,
        span_micros: points.span_micros,
        confidence_percent: percent((1.0 - p) * square / (square + 1.0)),
        scale,
        holder: held.map(|holder| holder.name),
    }
}

/// Bytes of so many KiB.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate; a cast to u64 saturates"
)]
fn bytes(kib: f64) -> u64 {
    (kib * 1024.0).round() as u64
}

/// Never quite all.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 99")]
fn percent(part: f64) -> u8 {
    (part * 100.0).clamp(0.0, 99.0) as u8
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are more than the estimates have")]
fn number(value: u64) -> f64 {
    value as f64
}
