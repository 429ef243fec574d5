#![expect(unsafe_code, reason = "the inner future is dropped in place, inside its scope, without a box")]

use crate::detached::Part;
use crate::meter::Meter;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future whose allocations are billed to a [`Meter`], its own drop included.
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Measured<F> {
    meter: Option<Meter>,
    /// Pinned with the whole; `None` once finished.
    future: Option<F>,
    /// Set for what is spawned: it may outlive the work that it is billed to.
    _part: Option<Part>,
}

/// Bills `future` to `meter`. A clone of the meter tells the figures afterwards.
pub fn measure<F: Future>(meter: Meter, future: F) -> Measured<F> {
    Measured { meter: Some(meter), future: Some(future), _part: None }
}

/// The same for a spawned part of the work.
pub(crate) fn spawned<F: Future>(meter: Meter, future: F) -> Measured<F> {
    let part = meter.part();
    Measured { meter: Some(meter), future: Some(future), _part: Some(part) }
}

/// Bills `future` to the meter of whoever calls this, if there is one: for a task that is about to be spawned.
pub fn inherit<F: Future>(future: F) -> Measured<F> {
    let meter = Meter::current();
    let part = meter.as_ref().map(Meter::part);
    Measured { meter, future: Some(future), _part: part }
}

impl<F> Measured<F> {
    #[inline]
    fn parts(self: Pin<&mut Self>) -> (Option<&Meter>, Pin<&mut Option<F>>) {
        // SAFETY: `future` is pinned whenever the whole is: it is never moved out of (only dropped in place by setting
        // the pinned option to `None`), `Measured` is `Unpin` only if `F` is, and `Drop` does not move it either.
        // `meter` is never pinned.
        unsafe {
            let this = self.get_unchecked_mut();
            (this.meter.as_ref(), Pin::new_unchecked(&mut this.future))
        }
    }
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (meter, slot) = self.parts();
        match meter {
            Some(meter) => meter.around(|| step(slot, cx)),
            None => step(slot, cx),
        }
    }
}

/// Polls the inner future and drops it where it stands once it is ready.
#[inline]
fn step<F: Future>(mut slot: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Poll<F::Output> {
    // Polled again after it was ready, a future may do what it likes; this one stays silent.
    let Some(future) = slot.as_mut().as_pin_mut() else { return Poll::Pending };
    let outcome = future.poll(cx);
    if outcome.is_ready() {
        slot.set(None);
    }
    outcome
}

impl<F> Drop for Measured<F> {
    fn drop(&mut self) {
        if self.future.is_none() {
            return;
        }
        // SAFETY: the value is being dropped and is not moved or used otherwise afterwards.
        let (meter, mut slot) = unsafe { Pin::new_unchecked(self) }.parts();
        let _scope = meter.map(Meter::scope);
        slot.set(None);
    }
}
