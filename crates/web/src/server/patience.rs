use super::ServerSettings;
use super::idle::{Activity, Stalled};
use std::time::Duration;
use tokio::time::Instant;

/// How long a reserved connection may be without a request, and a request's head may take on it.
const RESERVED: Duration = Duration::from_secs(1);
/// How long a connection without work may stay that was told to go.
const LEAVING: Duration = Duration::from_secs(1);

/// How long a connection is waited for, and with what.
#[derive(Debug)]
pub(super) struct Patience {
    /// With a request's head.
    pub(super) head: Duration,
    /// Between two requests.
    between: Duration,
    /// With each piece of an answer.
    pub(super) stall: Duration,
    /// How long after its time the connection may still send what is left of its last answer.
    grace: Duration,
    /// When one that was told to go is looked at next.
    leaves_at: Option<Instant>,
    /// Whether it was still at work then.
    lingers: bool,
}

/// What becomes of a connection at a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Stay,
    /// It answers what it has begun to, and no more.
    Finish,
    /// It was told to go and still has work: somebody else has to go in its stead.
    Linger,
    End,
}

impl Patience {
    /// The few reserved connections must not be held by whoever came by chance.
    pub(super) fn of(settings: &ServerSettings, reserved: bool) -> Self {
        let most = if reserved { RESERVED } else { Duration::MAX };
        Self {
            head: settings.header_timeout.min(most),
            between: if reserved { RESERVED } else { settings.keep_alive },
            stall: settings.write_stall,
            grace: Duration::ZERO,
            leaves_at: None,
            lingers: false,
        }
    }

    /// The connection was told to go.
    pub(super) fn leave(&mut self) {
        self.leaves_at = Some(Instant::now() + LEAVING);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaves_at.is_some()
    }

    /// When to look next. Requests come and go unseen meanwhile, so that is at least as often as idleness may last.
    pub(super) fn next_look(&self, activity: &Activity) -> Instant {
        let idle = activity.idle_at(self.head, self.between) + self.grace;
        let often = Instant::now() + self.between.min(self.stall);
        let times = [activity.stalled_at(self.stall), self.leaves_at];
        times.into_iter().flatten().fold(idle.min(often), Instant::min)
    }

    /// What has become of a connection whose answers were looked at already.
    pub(super) fn look(&mut self, activity: &Activity, stalled: Stalled) -> Turn {
        let now = Instant::now();
        if stalled == Stalled::Stuck {
            return Turn::End;
        }
        if self.leaves_at.is_some_and(|at| at <= now) {
            if !activity.is_at_work() {
                return Turn::End;
            }
            self.leave();
            if !std::mem::replace(&mut self.lingers, true) {
                return Turn::Linger;
            }
        }
        if activity.idle_at(self.head, self.between) + self.grace > now {
            return Turn::Stay;
        }
        // The library finishes a first head however long it takes: such a connection is dropped.
        if self.grace > Duration::ZERO || !activity.has_served() {
            return Turn::End;
        }
        self.grace = self.head;
        Turn::Finish
    }
}
