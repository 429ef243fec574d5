//! A program that leaks, or only looks as if it did, in one way that is named on its command line, and shows its own heap
//! to the leak detector: `leaky list`, `leaky vec`. Its time is made up, half a minute for each window, so that three hours
//! pass in a second. What comes of it is printed as JSON for `bench leaks`.

mod innocents;
mod leaks;

use headroom::StoreRegistry;
use headroom::heap_profile::{HeapProfile, ProfileError, take_bare_heap_profile, take_heap_profile};
use headroom::leaks::{Detector, Load, Suspect};
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

headroom::install_allocator!();

const WINDOWS: u64 = 360;
const WINDOW_MICROS: u64 = 30_000_000;
/// So many windows are watched after a leak was found, for what else is said.
const AFTERWARDS: u64 = 10;

/// What a request is told.
pub(crate) struct Moment {
    /// The number of the window, from zero.
    pub(crate) window: u64,
    /// The number of the request, from zero.
    pub(crate) request: u64,
}

/// One request; returns the line that leaks, or zero.
pub(crate) type Work = Box<dyn FnMut(&Moment) -> u32>;

/// A way to leak or not to.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// The function whose line leaks; none when nothing does.
    pub(crate) function: Option<&'static str>,
    /// Requests in a window.
    pub(crate) requests: u64,
    /// Requests in flight at the end of a window.
    pub(crate) in_flight: fn(u64) -> u64,
    pub(crate) begin: fn(&StoreRegistry) -> Work,
}

pub(crate) const fn shape(name: &'static str, begin: fn(&StoreRegistry) -> Work) -> Shape {
    Shape { name, function: None, requests: 1_200, in_flight: |_| 4, begin }
}

fn main() -> ExitCode {
    // As the server does.
    headroom::sample_by_frame_pointers();
    let asked = std::env::args().nth(1).unwrap_or_default();
    let shapes: Vec<Shape> = leaks::all().into_iter().chain(innocents::all()).collect();
    let mut out = std::io::stdout().lock();
    let written = if asked == "list" {
        shapes.iter().try_for_each(|shape| writeln!(out, "{}", shape.name))
    } else {
        let Some(shape) = shapes.iter().find(|shape| shape.name == asked) else { return ExitCode::from(2) };
        match watch(shape) {
            Ok(seen) => writeln!(out, "{seen}"),
            Err(_) => return ExitCode::FAILURE,
        }
    };
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What every server does beside: short-lived memory, and some that stays.
struct Ordinary {
    sessions: Vec<String>,
}

impl Ordinary {
    #[inline(never)]
    fn serve(&mut self, moment: &Moment) {
        let body = black_box(vec![1_u8; 4_000]);
        let text = black_box(format!("{} {}", moment.request, body.len()));
        let place = usize::try_from(moment.request).unwrap_or(0) % 4_096;
        match self.sessions.get_mut(place) {
            Some(session) => *session = text.repeat(8),
            None => self.sessions.push(text.repeat(8)),
        }
    }
}

/// What was seen: when the leak was found, how much had leaked, and everything that was ever suspected.
#[derive(Default)]
struct Seen {
    found_in: Option<u64>,
    line: u32,
    suspects: Vec<Suspect>,
    /// The time of each window's look, in microseconds.
    micros: Vec<u64>,
}

fn watch(shape: &Shape) -> Result<Value, ProfileError> {
    let stores = StoreRegistry::default();
    let (mut work, mut ordinary) = ((shape.begin)(&stores), Ordinary { sessions: Vec::new() });
    let (mut detector, mut seen, mut request) = (Detector::default(), Seen::default(), 0);
    let code = take_heap_profile()?.without_stacks();
    for window in 0..WINDOWS {
        for _ in 0..shape.requests {
            let moment = Moment { window, request };
            ordinary.serve(&moment);
            seen.line = seen.line.max(work(&moment));
            request += 1;
        }
        let begun = Instant::now();
        let profile = take_bare_heap_profile()?;
        let load = Load {
            at_micros: window * WINDOW_MICROS,
            requests: request,
            in_flight: (shape.in_flight)(window),
        };
        detector.observe(load, profile.sample_bytes, profile.stacks(), &stores.snapshot(), &[]);
        for calls in detector.undecided() {
            detector.decide(&calls, code.reaches_program(&calls).unwrap_or(false));
        }
        seen.micros.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        for suspect in detector.suspects() {
            seen.found_in.get_or_insert(window);
            seen.suspects.retain(|known| known.calls != suspect.calls);
            seen.suspects.push(suspect);
        }
        if shape.function.is_some() && seen.found_in.is_some_and(|found| window >= found + AFTERWARDS) {
            break;
        }
    }
    drop(work);
    Ok(told(shape, &seen, &code, &detector))
}

fn told(shape: &Shape, seen: &Seen, code: &HeapProfile, detector: &Detector) -> Value {
    let file = |mapping: &headroom::heap_profile::Mapping| json!({ "path": mapping.path, "buildId": mapping.build_id });
    let mut micros = seen.micros.clone();
    micros.sort_unstable();
    json!({
        "name": shape.name, "function": shape.function, "line": seen.line, "foundInWindow": seen.found_in,
        "windowMicros": WINDOW_MICROS, "medianMicros": micros.get(micros.len() / 2), "stacks": detector.stacks(),
        "report": {
            "watching": true, "intervalMs": WINDOW_MICROS / 1000, "windows": detector.windows(),
            "liveBytes": detector.live_bytes(),
            "buildId": code.mappings().first().map(|mapping| &mapping.build_id),
            "mappings": code.mappings().iter().map(file).collect::<Vec<_>>(),
            "suspects": seen.suspects.iter().map(|suspect| suspected(suspect, code)).collect::<Vec<_>>(),
        },
    })
}

/// As the server's `/api/monitoring/memory/leaks` tells it.
fn suspected(suspect: &Suspect, code: &HeapProfile) -> Value {
    let calls: Vec<String> = suspect.calls.iter().map(|call| code.place(*call).to_string()).collect();
    json!({
        "site": "-", "secondsToLimit": suspect.seconds_to_fill(1 << 30), "bytesPerHour": suspect.bytes_per_hour,
        "confidencePercent": suspect.confidence_percent, "growsWith": suspect.scale.as_str(),
        "bytesPerRequest": suspect.bytes_per_request, "liveBytes": suspect.live_bytes,
        "grownBytes": suspect.grown_bytes, "samples": suspect.samples, "windows": suspect.windows,
        "spanMs": suspect.span_micros / 1000, "holder": suspect.holder, "stacks": suspect.stacks,
        "calls": calls,
    })
}
