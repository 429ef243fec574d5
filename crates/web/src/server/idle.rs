use futures_util::future::AbortHandle;
use http::Version;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Whether a connection has work, and since when it has none.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    heard: Notify,
    written: Notify,
}

#[derive(Debug)]
struct State {
    running: usize,
    /// When the last request ended; before the first, when the connection began.
    since: Instant,
    /// When the first byte of the next request's head came.
    head: Option<Instant>,
    served: Option<Version>,
    /// How far the answers have come that are on their way.
    // bounded: by the connection's most requests at once.
    answers: Vec<Progress>,
    /// The tasks of HTTP/2 streams, by their requests.
    // bounded: by the same.
    streams: Vec<(u64, AbortHandle)>,
    next: u64,
    /// Whether the socket takes nothing at the moment.
    is_blocked: bool,
    /// Whether no further request is answered.
    is_over: bool,
}

/// What became of answers that stood still for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stalled {
    /// There are none.
    None,
    /// So many were ended; the connection goes on.
    Ended(u64),
    /// One cannot be ended without its connection.
    Stuck,
}

/// So long after a stream was ended, all that was kept for it has to be gone.
const ENDING: Duration = Duration::from_secs(1);

/// How far an answer has come.
#[derive(Debug)]
struct Progress {
    of: u64,
    /// When it last went on.
    since: Instant,
    /// Pieces that were handed over and are not sent.
    pieces: u32,
    /// Whether it goes on when the server has more of it, and not when the peer takes more.
    is_ours: bool,
}

impl Progress {
    /// Whether the peer has to take the next step.
    fn is_owed(&self) -> bool {
        self.pieces > 0 || !self.is_ours
    }
}

impl Activity {
    pub(super) fn new() -> Self {
        let state = State {
            running: 0,
            since: Instant::now(),
            head: None,
            served: None,
            answers: Vec::new(),
            streams: Vec::new(),
            next: 0,
            is_blocked: false,
            is_over: false,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), heard: Notify::new(), written: Notify::new() }))
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn begin(&self, version: Version) -> Running {
        let id = self.with(|state| {
            state.running += 1;
            state.head = None;
            state.served = Some(version);
            state.next += 1;
            state.next
        });
        Running { activity: self.clone(), id }
    }

    /// Notes that the peer sent something. Without a request it is the head of one, but for HTTP/2, whose peers answer
    /// pings while they wait.
    pub(super) fn hear(&self) {
        self.with(|state| {
            if state.running == 0 && state.head.is_none() && state.served != Some(Version::HTTP_2) {
                state.head = Some(Instant::now());
                self.0.heard.notify_one();
            }
        });
    }

    /// Notes that the peer took something of an answer: a slow line has yet to carry the rest of it away. What HTTP/2 writes
    /// may be an answer to a ping alone, which keeps no connection.
    pub(super) fn send(&self) {
        self.with(|state| {
            if state.running == 0 && state.served.is_some_and(|version| version != Version::HTTP_2) {
                state.since = Instant::now();
                // What came meanwhile is begun anew: nobody reads it before the answer is gone.
                state.head = None;
            }
        });
    }

    /// Returns when a head has begun, for which another time counts.
    pub(super) async fn head(&self) {
        self.0.heard.notified().await;
    }

    pub(super) fn is_at_work(&self) -> bool {
        self.with(|state| state.running > 0)
    }

    /// No further request is answered: a peer of HTTP/2 may go on with new ones after it was told to go.
    pub(super) fn refuse_further(&self) {
        self.with(|state| state.is_over = true);
    }

    pub(super) fn refuses_further(&self) -> bool {
        self.with(|state| state.is_over)
    }

    /// Whether there was work within this time: whoever asks often may be about to ask again.
    pub(super) fn was_at_work_within(&self, time: Duration) -> bool {
        self.with(|state| state.running > 0 || state.head.is_some() || state.since.elapsed() < time)
    }

    pub(super) fn has_served(&self) -> bool {
        self.with(|state| state.served.is_some())
    }

    /// When the connection will have been idle for too long: `head` after its beginning or that of a request's head,
    /// `between` after a request.
    pub(super) fn idle_at(&self, head: Duration, between: Duration) -> Instant {
        self.with(|state| match (state.running, state.served, state.head) {
            (0, None, _) => state.since + head,
            (0, Some(_), Some(begun)) => begun + head,
            (0, Some(_), None) => state.since + between,
            _ => Instant::now() + between,
        })
    }

    /// When the peer will have taken nothing for `patience` of some answer that it owes the next step; `None` while it owes
    /// none. Whether anything can be written to the connection does not tell: a peer of HTTP/2 opens a window for each answer.
    pub(super) fn stalled_at(&self, patience: Duration) -> Option<Instant> {
        self.with(|state| {
            let owed = state.answers.iter().filter(|answer| answer.is_owed());
            owed.map(|answer| answer.since + patience).min()
        })
    }

    /// Ends the answers of which the peer has taken nothing for `patience`, each with its stream, whose other requests go on: behind a
    /// proxy they are other people's.
    pub(super) fn end_stalled(&self, patience: Duration) -> Stalled {
        let now = Instant::now();
        self.with(|state| {
            let mut ended = 0;
            for answer in state.answers.iter_mut().filter(|answer| answer.is_owed()) {
                if answer.since + patience > now {
                    continue;
                }
                let Some(at) = state.streams.iter().position(|(of, _)| *of == answer.of) else {
                    return Stalled::Stuck;
                };
                state.streams.swap_remove(at).1.abort();
                answer.since = (now + ENDING).checked_sub(patience).unwrap_or(now);
                ended += 1;
            }
            if ended == 0 { Stalled::None } else { Stalled::Ended(ended) }
        })
    }

    /// Notes what ends the stream of the request that began last. The library begins a request and spawns its stream in one go.
    pub(super) fn list_stream(&self, stream: AbortHandle) {
        self.with(|state| state.streams.push((state.next, stream)));
    }

    /// Notes whether the socket takes what is written.
    pub(super) fn block(&self, is_blocked: bool) {
        self.with(|state| state.is_blocked = is_blocked);
        if !is_blocked {
            self.0.written.notify_one();
        }
    }

    /// Waits until the socket takes what is written: one at a time, as HTTP/1 answers.
    pub(super) async fn writable(&self) {
        while self.with(|state| state.is_blocked) {
            self.0.written.notified().await;
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One running request, until its answer is sent.
#[derive(Debug)]
pub(super) struct Running {
    activity: Activity,
    id: u64,
}

impl Running {
    /// The answer has begun: the peer may take it.
    pub(super) fn answer(&self) {
        let begun = Progress { of: self.id, since: Instant::now(), pieces: 0, is_ours: false };
        self.activity.with(|state| state.answers.push(begun));
    }

    /// The server was asked for more of the answer and has none yet.
    pub(super) fn wait(&self) {
        self.go_on(|answer| answer.is_ours = true);
    }

    /// A piece was handed over.
    pub(super) fn hand_over(&self) {
        self.go_on(|answer| {
            answer.is_ours = false;
            answer.pieces += 1;
        });
    }

    /// A piece is sent.
    pub(super) fn sent(&self) {
        self.go_on(|answer| answer.pieces = answer.pieces.saturating_sub(1));
    }

    fn go_on(&self, change: impl FnOnce(&mut Progress)) {
        self.activity.with(|state| {
            if let Some(answer) = state.answers.iter_mut().find(|answer| answer.of == self.id) {
                answer.since = Instant::now();
                change(answer);
            }
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.activity.with(|state| {
            state.running -= 1;
            state.since = Instant::now();
            state.answers.retain(|answer| answer.of != self.id);
            state.streams.retain(|(of, _)| *of != self.id);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Activity;
    use http::Version;
    use std::time::Duration;
    use tokio::time::Instant;

    const PATIENCE: Duration = Duration::from_mins(1);

    #[test]
    fn a_peer_owes_the_next_step_of_what_it_was_offered_and_not_of_what_is_in_the_making() {
        let activity = Activity::new();
        let running = activity.begin(Version::HTTP_2);
        assert_eq!(activity.stalled_at(PATIENCE), None, "the server works");
        let begun = Instant::now();
        running.answer();
        assert!(activity.stalled_at(PATIENCE).unwrap() >= begun + PATIENCE);
        running.wait();
        assert_eq!(activity.stalled_at(PATIENCE), None, "the server has nothing to send yet");
        running.hand_over();
        running.hand_over();
        let before = activity.stalled_at(PATIENCE).unwrap();
        running.sent();
        assert!(activity.stalled_at(PATIENCE).unwrap() > before, "who goes on has time again");
        running.wait();
        assert!(activity.stalled_at(PATIENCE).is_some(), "one piece is not sent");
        running.sent();
        assert_eq!(activity.stalled_at(PATIENCE), None);
    }

    #[test]
    fn the_answer_that_stands_still_counts_and_not_the_one_that_goes_on() {
        let activity = Activity::new();
        let (still, other) = (activity.begin(Version::HTTP_2), activity.begin(Version::HTTP_2));
        still.answer();
        let first = activity.stalled_at(PATIENCE);
        other.answer();
        for _ in 0..5 {
            other.hand_over();
            other.sent();
            assert_eq!(activity.stalled_at(PATIENCE), first);
        }
        drop(still);
        assert!(activity.stalled_at(PATIENCE) > first);
        drop(other);
        assert_eq!(activity.stalled_at(PATIENCE), None);
    }
}
