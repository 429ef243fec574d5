use crate::meter::Meter;

/// Bytes that a piece of work has borrowed from a pool, noted on its meter for as long as this lives, so that what it
/// registered can be held against what it really took.
#[derive(Debug)]
#[must_use = "what is dropped at once was never noted"]
pub struct Registered {
    meter: Option<Meter>,
    bytes: u64,
}

impl Registered {
    /// Notes `bytes` on the meter of the work that runs on this thread; on none if it is not measured.
    pub fn here(bytes: u64) -> Self {
        let meter = Meter::current();
        if let Some(meter) = &meter {
            meter.note_registered(bytes);
        }
        Self { meter, bytes }
    }

    /// Notes `bytes` that the work on this thread has put into a [`BoundedStore`](crate::BoundedStore), which has them on
    /// its books from now on: they stay when the work is over.
    pub fn stored(bytes: u64) {
        if let Some(meter) = Meter::current() {
            meter.note_registered(bytes);
        }
    }

    /// Notes `more` bytes.
    pub fn grow(&mut self, more: u64) {
        self.bytes += more;
        if let Some(meter) = &self.meter {
            meter.note_registered(more);
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(meter) = &self.meter {
            meter.note_given_back(self.bytes);
        }
    }
}
