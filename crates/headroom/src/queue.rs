use crate::sync::{Mutex, PoisonError};
use std::sync::Arc;
use std::task::{Poll, Waker};

/// How often one that waits is passed while it is first in line. A pass by another that waits counts whole; one that
/// cannot wait counts by its size, so that many small requests go on while a large one gathers its room, and what
/// passed adds up to no more than this many times what it asks for.
pub const OVERTAKES: u64 = 16;

/// The most that wait for one pool; further ones are refused at once.
pub const WAITERS_CAP: usize = 1_024;

/// One that waits for memory.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) ticket: u64,
    pub(crate) bytes: u64,
    call: Mutex<Call>,
}

#[derive(Debug, Default)]
struct Call {
    /// Called and not yet come.
    is_called: bool,
    waker: Option<Waker>,
}

impl Waiter {
    pub(crate) fn new(ticket: u64, bytes: u64) -> Self {
        Self { ticket, bytes, call: Mutex::default() }
    }

    /// Ready once it was called; each call counts once.
    pub(crate) fn poll_called(&self, waker: &Waker) -> Poll<()> {
        let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut call.is_called) {
            return Poll::Ready(());
        }
        match &mut call.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// Tells it to ask again. Not to be called with a queue locked: a waker may drop what it would wake, and that leaves
    /// the queue.
    pub(crate) fn call(&self) {
        let waker = {
            let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
            call.is_called = true;
            call.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Who asks for memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Takes what it gets at once.
    Hurried,
    /// Would wait, and came with this ticket.
    Patient(u64),
}

/// Those that wait for one pool, first come first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    line: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    waiter: Arc<Waiter>,
    /// How many bytes may still pass it.
    passes: u64,
    /// Whether it is this pool that has no room for it. Otherwise it waits elsewhere and keeps its place, with what is left of its
    /// patience, for when it comes back.
    is_here: bool,
}

/// The queue has no place left.
pub(crate) struct Full;

impl Queue {
    /// Takes a place by the ticket, or comes back to it.
    pub(crate) fn stand(&mut self, waiter: &Arc<Waiter>) -> Result<(), Full> {
        match self.line.binary_search_by_key(&waiter.ticket, |place| place.waiter.ticket) {
            Ok(index) => self.line[index].is_here = true,
            Err(_) if self.line.len() >= WAITERS_CAP => return Err(Full),
            Err(index) => {
                let passes = waiter.bytes.saturating_mul(OVERTAKES);
                let waiter = Arc::clone(waiter);
                self.line.insert(index, Place { waiter, passes, is_here: true });
            }
        }
        Ok(())
    }

    /// Keeps the place of one that waits elsewhere now.
    pub(crate) fn step_aside(&mut self, ticket: u64) {
        if let Ok(index) = self.line.binary_search_by_key(&ticket, |place| place.waiter.ticket) {
            self.line[index].is_here = false;
        }
    }

    /// Gives the place up.
    pub(crate) fn leave(&mut self, ticket: u64) {
        if let Ok(index) = self.line.binary_search_by_key(&ticket, |place| place.waiter.ticket) {
            self.line.remove(index);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Everybody in line.
    pub(crate) fn all(&self) -> Vec<Arc<Waiter>> {
        self.line.iter().map(|place| Arc::clone(&place.waiter)).collect()
    }

    /// Whether `asker` may take `bytes` of `room` before those in line; counts it as a pass.
    pub(crate) fn pass(&mut self, asker: Asker, bytes: u64, room: u64) -> bool {
        let Some(cost) = self.cost(asker, bytes, room) else { return false };
        if let Some(first) = self.first_here() {
            self.line[first].passes -= cost;
        }
        true
    }

    /// Who is to be called now that there is `room`: the first that waits for it and may take it. One, and not all:
    /// whoever was served or refused calls the next.
    pub(crate) fn next(&self, room: u64) -> Option<Arc<Waiter>> {
        let may = |place: &&Place| {
            let waiter = &place.waiter;
            place.is_here
                && waiter.bytes <= room
                && self.cost(Asker::Patient(waiter.ticket), waiter.bytes, room).is_some()
        };
        self.line.iter().find(may).map(|place| Arc::clone(&place.waiter))
    }

    /// The place of the first that waits for this pool.
    fn first_here(&self) -> Option<usize> {
        self.line.iter().position(|place| place.is_here)
    }

    /// What passing the first in line costs of its patience, in bytes; `None` if that is at its end. Nothing is kept for one that
    /// waits elsewhere: what it could not use now, such as what is reserved for others, would serve nobody.
    fn cost(&self, asker: Asker, bytes: u64, room: u64) -> Option<u64> {
        let Some(first) = self.first_here().map(|index| &self.line[index]) else { return Some(0) };
        let cost = match asker {
            Asker::Patient(ticket) if ticket <= first.waiter.ticket => 0,
            // What leaves it enough takes nothing from it.
            _ if room - bytes >= first.waiter.bytes => 0,
            Asker::Patient(_) => first.waiter.bytes,
            Asker::Hurried => bytes.min(first.waiter.bytes),
        };
        (cost <= first.passes).then_some(cost)
    }
}
