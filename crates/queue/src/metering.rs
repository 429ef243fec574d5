use headroom::{Headroom, Meter};

/// Runs `work` and adds what it allocated, as measured by the memory engine, to that of all work of this `name`, also when it
/// panics or is given up. Without an engine it just runs.
pub(crate) async fn metered<F: Future>(headroom: Option<&Headroom>, name: &str, work: F) -> F::Output {
    let Some(headroom) = headroom else { return work.await };
    // It is dropped after the work, which may give back until then.
    let run = Run { headroom, name, meter: Meter::new() };
    headroom::measure(run.meter.clone(), work).await
}

/// Something that runs and is recorded when it does no more.
struct Run<'a> {
    headroom: &'a Headroom,
    name: &'a str,
    meter: Meter,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let outlived = self.meter.end();
        let memory = self.meter.totals();
        if self.headroom.record_work(self.name, memory) {
            tracing::warn!(
                work = self.name,
                peak_live_bytes = memory.peak_live,
                retained_bytes = memory.retained,
                outlived,
                "background work held much memory"
            );
        }
    }
}
