use headroom::{Flight, Headroom};
use ids::{FirmId, Id as _, UserId};
use std::fmt;
use telemetry::Metrics;
use web::layers::{Finished, Observer};

/// The status that is counted when the client left before the answer began.
const CLIENT_LEFT: u16 = 499;

/// Counts finished requests, and what they did with memory.
pub struct RequestObserver {
    metrics: Metrics,
    headroom: Headroom,
    /// A body above this counts as streamed, in bytes.
    streams_from: u64,
}

impl fmt::Debug for RequestObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestObserver")
    }
}

impl RequestObserver {
    /// Tells both books. A body above `streams_from` bytes counts as streamed.
    pub fn new(metrics: Metrics, headroom: Headroom, streams_from: u64) -> Self {
        Self { metrics, headroom, streams_from }
    }
}

impl Observer for RequestObserver {
    fn finished(&self, request: &Finished<'_>) {
        let method = request.method.as_str();
        let status = request.status.map_or(CLIENT_LEFT, |status| status.as_u16());
        self.metrics.http_request(method, request.route, status, request.duration);
        let is_large = self.headroom.record(request.route, request.memory);
        if let Some(flight) = request.flight {
            flight.record(request.memory);
        }
        self.metrics.http_request_memory(method, request.route, request.memory.peak_live, is_large);
        if request.streamed_bytes > self.streams_from {
            self.metrics.http_request_streamed(method, request.route);
        }
        if is_large {
            let firm = request.flight.and_then(Flight::tenant).map(FirmId::from_bytes);
            let user = request.user.map(UserId::from_bytes);
            tracing::warn!(
                method,
                route = request.route,
                status,
                duration_ms = u64::try_from(request.duration.as_millis()).unwrap_or(u64::MAX),
                peak_bytes = request.memory.peak_live,
                allocated_bytes = request.memory.allocated,
                retained_bytes = request.memory.retained,
                user = user.map(tracing::field::display),
                firm = firm.map(tracing::field::display),
                "a request used much memory"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headroom::{Class, InjectedSource, Ledger, Meter, RequestMemory, Settings};
    use http::{Method, StatusCode};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use telemetry::BuildInfo;
    use telemetry::logs::{Format, LogSettings, subscriber};

    const MIB: u64 = 1 << 20;

    // bounded: by the one line that a test has written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged as this request ends, one object a line.
    fn logged(request: &Finished<'_>) -> Vec<serde_json::Value> {
        let settings = Settings { large_request_bytes: 50 * MIB, ..Settings::default() };
        let headroom = Headroom::new(settings, Arc::new(InjectedSource::with_limit(400 * MIB)));
        let metrics = Metrics::new(&BuildInfo { version: "1", revision: "" });
        let observer = RequestObserver::new(metrics, headroom, MIB);
        let kept = Kept::default();
        let writer = kept.clone();
        let settings = LogSettings { level: "info".to_owned(), format: Format::Json, ansi: false };
        let (subscriber, _) = subscriber(&settings, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || observer.finished(request));
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_request_above_the_mark_is_told_with_who_asked_for_what_and_what_came_of_it() {
        let (user, firm) = (UserId::from_bytes([1; 16]), FirmId::from_bytes([2; 16]));
        let entry = Ledger::default().enter("/api/cases/{id}", Class::Interactive, Meter::new(), true);
        entry.flight().belongs_to(*firm.uuid().as_bytes()).unwrap();
        let mut request = Finished {
            method: &Method::PATCH,
            route: "/api/cases/{id}",
            status: Some(StatusCode::CONFLICT),
            duration: Duration::from_millis(1_234),
            size_bytes: 5,
            complete: true,
            streamed_bytes: 0,
            memory: RequestMemory {
                peak_live: 50 * MIB + 1,
                allocated: 70 * MIB,
                retained: -7,
                ..RequestMemory::default()
            },
            user: Some(*user.uuid().as_bytes()),
            flight: Some(entry.flight()),
        };
        let lines = logged(&request);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"WARN".into(), &"a request used much memory".into())
        );
        for (name, value) in [
            ("method", "PATCH".into()),
            ("route", "/api/cases/{id}".into()),
            ("status", 409.into()),
            ("duration_ms", 1_234.into()),
            ("peak_bytes", (50 * MIB + 1).into()),
            ("allocated_bytes", (70 * MIB).into()),
            ("retained_bytes", (-7).into()),
            ("user", user.to_string().into()),
            ("firm", firm.to_string().into()),
        ] {
            let value: serde_json::Value = value;
            assert_eq!(line[name], value, "{name} in {line}");
        }

        // Nobody asked whose name came to be known, and the client left before the answer.
        (request.user, request.flight, request.status) = (None, None, None);
        let line = logged(&request).remove(0);
        assert_eq!(line["status"], CLIENT_LEFT);
        assert!(line["user"].is_null() && line["firm"].is_null(), "{line}");

        request.memory.peak_live = 50 * MIB;
        assert!(logged(&request).is_empty(), "at the mark it is not above");
    }
}
