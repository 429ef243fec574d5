//! One series' points on one rung, and what they say.
#![expect(clippy::float_arithmetic, reason = "slopes and probabilities; no money")]

use super::series::Rungs;
use super::statistics::{drift, mann_kendall, median, scatter, tau, theil_sen, walk_deviation};
use super::table::Store;
use super::{Load, MIN_WINDOWS, Scale};

/// A trend by chance is rarer than this.
const SIGNIFICANCE: f64 = 0.01;
/// Slower growth of what is allocated is not worth a word, in KiB a minute.
const SLOWEST_KIB_PER_MINUTE: f64 = 64.0;
/// Nor slower growth of what is counted: three in a quarter of an hour.
const SLOWEST_COUNT_PER_MINUTE: f64 = 0.2;
/// Nor is one that adds less than this part of the live heap in an hour.
const SLOWEST_SHARE_PER_HOUR: f64 = 0.01;
/// The newer half must grow at so much of the older half's speed; what fills up grows ever more slowly.
const STILL_GROWING: f64 = 0.6;
/// And what is known by samples must be so many of its own uncertainties beyond that: the first half of a filling is nearly
/// straight, and few samples straighten it.
const SURELY: f64 = 2.0;
/// At least so much of the growth must never have been given back.
const KEPT: f64 = 0.5;
/// How far the growth must be beyond what steps of such sizes add up to by chance.
const BEYOND_CHANCE: f64 = 3.8;
/// Loads are comparable up to this ratio, and this many requests.
const COMPARABLE: (f64, f64) = (1.25, 2.0);
/// In-flight requests explain a growth whose ranks follow them nearly as well as they follow the time.
const NEARLY: f64 = 0.15;
/// A store's bytes rise together with a site's from this rank correlation on.
const IN_STEP: f64 = 0.6;
/// What a store counts may be so many times less than what its entries really take.
const STORE_FACTOR: f64 = 2.0;
/// A store that counts more than its cap is no store that fills.
const OVERFULL: f64 = 1.05;

/// What is thought of a stack, from judgement to judgement.
#[derive(Debug, Clone, Default)]
pub(super) struct Mind {
    pub finding: Option<Finding>,
    pub confirmed: u8,
    pub stands: bool,
    pub since_micros: u64,
    /// Whether it was fast enough to be judged by itself, whatever came of that.
    pub moves: bool,
}

/// What a growing series does, in its own unit.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub grown: f64,
    pub per_hour: f64,
    pub per_request: Option<f64>,
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
    /// No growth that is worth a word.
    Quiet,
    /// A growth that is no leak.
    Explained,
    /// A leak.
    Grows(Finding),
}

/// Those points of a rung at which about as many requests were in flight as at the newest; the same for every stack.
#[derive(Debug, Default)]
pub(super) struct Phase {
    /// Which points, counted from the newest; oldest first.
    ago: Vec<usize>,
    micros: Vec<u64>,
    minutes: Vec<f64>,
    requests: Vec<f64>,
    in_flight: Vec<f64>,
}

impl Phase {
    pub(super) fn of(loads: &Rungs<Load>, rung: usize) -> Self {
        let loads = loads.points(rung);
        let (Some(oldest), Some(newest)) = (loads.front(), loads.back()) else { return Self::default() };
        let (ratio, few) = COMPARABLE;
        let now = number(newest.in_flight);
        let mut phase = Self::default();
        for (place, load) in loads.iter().enumerate() {
            let in_flight = number(load.in_flight);
            if in_flight > now * ratio + few || in_flight * ratio + few < now {
                continue;
            }
            phase.ago.push(loads.len() - 1 - place);
            phase.micros.push(load.at_micros);
            let millis = load.at_micros.saturating_sub(oldest.at_micros) / 1000;
            phase.minutes.push(number(millis) / 60_000.0);
            phase.requests.push(number(load.requests.saturating_sub(oldest.requests)));
            phase.in_flight.push(in_flight);
        }
        phase
    }

    /// The values of a series at these points, as far back as it is known.
    pub(super) fn points(&self, values: &Rungs<u32>, rung: usize) -> Points<'_> {
        let values = values.points(rung);
        let from = self.ago.partition_point(|ago| *ago >= values.len());
        let held = self.ago[from..].iter().map(|ago| f64::from(values[values.len() - 1 - ago]));
        let micros = &self.micros[from..];
        let span = micros.first().zip(micros.last()).map(|(first, last)| last.saturating_sub(*first));
        Points {
            ago: &self.ago[from..],
            minutes: &self.minutes[from..],
            requests: &self.requests[from..],
            in_flight: &self.in_flight[from..],
            held: held.collect(),
            span_micros: span.unwrap_or(0),
        }
    }
}

/// One series' points.
#[derive(Debug)]
pub(super) struct Points<'a> {
    ago: &'a [usize],
    minutes: &'a [f64],
    requests: &'a [f64],
    in_flight: &'a [f64],
    /// KiB, or things that are counted.
    held: Vec<f64>,
    span_micros: u64,
}

impl Points<'_> {
    /// Whether the newest third is so far above the oldest that the rest is worth looking at: it is for few stacks.
    fn may_grow(&self, slowest: f64) -> bool {
        let third = self.held.len().div_ceil(3);
        let older = median(&mut self.held[..third].to_vec());
        let newer = median(&mut self.held[self.held.len() - third..].to_vec());
        let (from, to) = Points::first_and_last(self.minutes);
        // A line's thirds lie two thirds of its rise apart; half of that will do.
        newer - older > slowest * (to - from) / 3.0
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

/// What a growth has to exceed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bar {
    /// The slowest that is worth a word, in the series' unit a minute.
    slowest: f64,
    /// How many of its own uncertainties it must be beyond a filling.
    surely: f64,
}

impl Bar {
    /// Each one is counted, none stands for others.
    const COUNTS: Self = Self { slowest: SLOWEST_COUNT_PER_MINUTE, surely: 0.0 };

    /// For stacks, of which samples are known, beside so much that lives in all.
    pub(super) fn of_stacks(live_bytes: u64) -> Self {
        let share = number(live_bytes >> 10) * SLOWEST_SHARE_PER_HOUR / 60.0;
        Self { slowest: SLOWEST_KIB_PER_MINUTE.max(share), surely: SURELY }
    }
}

/// Judges what is counted: no store holds it.
pub(super) fn judge_count(points: &Points<'_>) -> Judgement {
    judge(points, Bar::COUNTS, |_| None)
}

/// Judges the points; growth below the bar is none. `holder` is only asked when everything else speaks for a leak.
pub(super) fn judge(
    points: &Points<'_>,
    bar: Bar,
    holder: impl Fn(&Points<'_>) -> Option<Holder>,
) -> Judgement {
    let count = points.held.len();
    if count < MIN_WINDOWS {
        return Judgement::Unknown;
    }
    if !points.may_grow(bar.slowest) {
        return Judgement::Quiet;
    }
    let trend = mann_kendall(&points.held);
    if trend.score <= 0 || trend.p >= SIGNIFICANCE {
        return Judgement::Quiet;
    }
    let slope = theil_sen(points.minutes, &points.held);
    if slope <= bar.slowest {
        return Judgement::Quiet;
    }
    let chance = drift(&points.held);
    let is_leak = still_grows(points, bar.surely)
        // Few steps tell less of how far they go by chance.
        && chance >= BEYOND_CHANCE * (1.0 + 4.0 / number(count as u64))
        && is_kept(points, slope)
        && !follows_in_flight(points);
    if !is_leak {
        return Judgement::Explained;
    }
    match holder(points) {
        Some(holder) if holder.accounts_for_it => Judgement::Explained,
        held => Judgement::Grows(finding(points, slope, trend.p, chance, held)),
    }
}

/// Whether it grows no more slowly of late than what will never be full: surely so where anything was given back. Where
/// nothing ever was, few samples of a true leak would not pass that, and what fills and keeps everything is rare.
fn still_grows(points: &Points<'_>, surely: f64) -> bool {
    let half = points.held.len() / 2;
    let slope = |minutes: &[f64], held: &[f64]| {
        let (from, to) = Points::first_and_last(minutes);
        (theil_sen(minutes, held), 1.0 / (to - from))
    };
    let (older, per_older) = slope(&points.minutes[..=half], &points.held[..=half]);
    let (newer, per_newer) = slope(&points.minutes[half..], &points.held[half..]);
    let surely = if points.held.is_sorted() { 0.0 } else { surely };
    let walk = walk_deviation(&points.held) * number(half as u64).sqrt();
    newer - older * STILL_GROWING >= surely * walk * per_newer.hypot(per_older * STILL_GROWING)
}

/// Whether most of the growth stayed: the least of what was held ever after rises as well.
fn is_kept(points: &Points<'_>, slope: f64) -> bool {
    let mut least = f64::INFINITY;
    let mut lowest: Vec<f64> = points
        .held
        .iter()
        .rev()
        .map(|held| {
            least = least.min(*held);
            least
        })
        .collect();
    lowest.reverse();
    let (begin, end) = Points::first_and_last(&lowest);
    let (from, to) = Points::first_and_last(points.minutes);
    end - begin >= slope * (to - from) * KEPT
}

/// Whether requests in flight explain the growth as well as the time does, in ranks and in size.
fn follows_in_flight(points: &Points<'_>) -> bool {
    let by_time = tau(points.minutes, &points.held);
    let by_flight = tau(points.in_flight, &points.held);
    let (bytes_before, bytes) = Points::first_and_last(&points.held);
    let (before, now) = Points::first_and_last(points.in_flight);
    let growth = (bytes + 1.0) / (bytes_before + 1.0);
    by_flight >= by_time - NEARLY && growth <= (now + 1.0) / (before + 1.0) * 1.5
}

/// A registered store in step with the points.
struct InStep<'a> {
    store: &'a Store,
    grown: f64,
    may_fill: bool,
}

fn in_step<'a>(points: &'a Points<'_>, stores: &'a [Store], rung: usize) -> impl Iterator<Item = InStep<'a>> {
    stores.iter().filter_map(move |store| {
        let kib = store.kib.points(rung);
        let at = |ago: &usize| Some(f64::from(*kib.get(kib.len().checked_sub(ago + 1)?)?));
        let held = points.ago.iter().map(at).collect::<Option<Vec<f64>>>()?;
        let (before, now) = Points::first_and_last(&held);
        let (grown, may_fill) = (now - before, now <= f64::from(store.cap_kib) * OVERFULL);
        (grown > 0.0 && tau(&held, &points.held) >= IN_STEP).then_some(InStep { store, grown, may_fill })
    })
}

impl Points<'_> {
    /// Whether the growth is what a store that counts `kib` more may really take; a quarter more for what samples leave
    /// uncertain.
    fn is_accounted_for_by(&self, kib: f64) -> bool {
        let (begin, end) = Self::first_and_last(&self.held);
        end - begin <= kib * STORE_FACTOR * 1.25
    }
}

/// The registered store that grows most of those in step with the site.
pub(super) fn holder(points: &Points<'_>, stores: &[Store], rung: usize) -> Option<Holder> {
    let most = in_step(points, stores, rung).max_by(|a, b| a.grown.total_cmp(&b.grown))?;
    Some(Holder {
        name: most.store.name.to_string(),
        accounts_for_it: most.may_fill && points.is_accounted_for_by(most.grown),
    })
}

/// As [`holder`], for calls that many share: all the stores that fill account for their growth together.
pub(super) fn holders(points: &Points<'_>, stores: &[Store], rung: usize) -> Option<Holder> {
    let grown: f64 =
        in_step(points, stores, rung).filter(|found| found.may_fill).map(|found| found.grown).sum();
    let held = holder(points, stores, rung)?;
    Some(Holder { accounts_for_it: points.is_accounted_for_by(grown), ..held })
}

fn finding(points: &Points<'_>, slope: f64, p: f64, chance: f64, held: Option<Holder>) -> Finding {
    let (from, to) = Points::first_and_last(points.minutes);
    let per_request = theil_sen(points.requests, &points.held);
    let by_requests = scatter(points.requests, &points.held, per_request);
    let by_time = scatter(points.minutes, &points.held, slope);
    let scale = if per_request > 0.0 && by_requests <= by_time * 1.1 { Scale::Requests } else { Scale::Time };
    let square = chance.min(1e6) * chance.min(1e6);
    Finding {
        grown: slope * (to - from),
        per_hour: slope * 60.0,
        per_request: (scale == Scale::Requests).then_some(per_request),
        windows: points.held.len() as u64,
        span_micros: points.span_micros,
        confidence_percent: percent((1.0 - p) * square / (square + 1.0)),
        scale,
        holder: held.map(|holder| holder.name),
    }
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
