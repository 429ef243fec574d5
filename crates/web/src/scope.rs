use crate::body::BodyPace;
use crate::metering::Held;
use crate::rates::Rated;
use clock::{SharedClock, Timestamp};
use http::{Extensions, HeaderValue};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// What ties together a request's answer, log lines, audit entries and outgoing calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CorrelationId(Arc<str>);

impl CorrelationId {
    /// The longest id that is taken from a caller, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Takes a text of 1 to 64 characters `A-Z a-z 0-9 . _ -`; any other is refused with `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        (fits && text.bytes().all(sane)).then(|| Self(Arc::from(text)))
    }

    /// An id made here.
    pub(crate) fn made(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl std::fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How large bodies may be, in bytes, and how slowly they may come.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// JSON bodies and merge patches.
    pub json_bytes: u64,
    /// `application/x-www-form-urlencoded` bodies.
    pub urlencoded_bytes: u64,
    /// Plain text read as a whole.
    pub text_bytes: u64,
    /// Other bodies read as a whole.
    pub raw_bytes: u64,
    /// Bodies that are streamed: uploads.
    pub upload_bytes: u64,
    /// The slowest pace.
    pub pace: BodyPace,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_bytes: 10 << 20,
            urlencoded_bytes: 10 << 20,
            text_bytes: 10 << 20,
            raw_bytes: 50 << 20,
            upload_bytes: 16 << 30,
            pace: BodyPace::default(),
        }
    }
}

/// One request, as the layers and extractors see it. Lives until the answer's last byte.
#[derive(Debug)]
pub(crate) struct Scope {
    correlation: CorrelationId,
    path: Box<str>,
    arrived: Instant,
    clock: SharedClock,
    limits: Limits,
    untimed: AtomicBool,
    untold: AtomicBool,
    /// What has come of a body that is streamed, in bytes.
    pub(crate) streamed_bytes: AtomicU64,
    pub(crate) held: Held,
    rated: Option<Arc<Rated>>,
    /// Who asks, once that is known.
    pub(crate) user: OnceLock<[u8; 16]>,
}

pub(crate) type SharedScope = Arc<Scope>;

impl Scope {
    pub(crate) fn new(
        correlation: CorrelationId,
        path: &str,
        clock: SharedClock,
        limits: Limits,
        held: Held,
        rated: Option<Arc<Rated>>,
    ) -> Self {
        Self {
            correlation,
            path: path.into(),
            arrived: Instant::now(),
            clock,
            limits,
            untimed: AtomicBool::new(false),
            untold: AtomicBool::new(false),
            streamed_bytes: AtomicU64::new(0),
            held,
            rated,
            user: OnceLock::new(),
        }
    }

    /// Where the request is counted, if there is a limit for it.
    pub(crate) fn rated(&self) -> Option<&Arc<Rated>> {
        self.rated.as_ref()
    }

    /// The request's scope, where the layers are installed.
    pub(crate) fn of(extensions: &Extensions) -> Option<&SharedScope> {
        extensions.get::<SharedScope>()
    }

    /// The limits of the request's body; the defaults where no layers are installed.
    pub(crate) fn limits_of(extensions: &Extensions) -> Limits {
        Self::of(extensions).map_or_else(Limits::default, |scope| scope.limits)
    }

    pub(crate) fn correlation(&self) -> &CorrelationId {
        &self.correlation
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lifts the request's deadline; its body's pace is watched instead.
    pub(crate) fn lift_deadline(&self) {
        self.untimed.store(true, Ordering::Relaxed);
    }

    /// Leaves the request out of the log: one of very many that were refused.
    pub(crate) fn hush(&self) {
        self.untold.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_hushed(&self) -> bool {
        self.untold.load(Ordering::Relaxed)
    }

    pub(crate) fn has_deadline(&self) -> bool {
        !self.untimed.load(Ordering::Relaxed)
    }
}

/// When the request of these extensions came, by a clock that nobody sets; nothing where no layers are installed.
pub fn arrived(extensions: &Extensions) -> Option<Instant> {
    Scope::of(extensions).map(|scope| scope.arrived)
}
