//! The log's filter and forms.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use telemetry::logs::{Format, LogError, LogSettings, subscriber, try_init};

/// A writer that keeps what is written.
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

fn settings(level: &str, format: Format) -> LogSettings {
    LogSettings { level: level.to_owned(), format, ansi: false }
}

/// What is logged under these settings.
fn logged(level: &str, format: Format) -> String {
    let kept = Kept::default();
    let writer = kept.clone();
    let (subscriber, _) = subscriber(&settings(level, format), move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("request", correlation_id = "c-1");
        let _entered = span.enter();
        tracing::info!(duration_ms = 12, "case stored");
        tracing::debug!(target: "db", rows = 3, "statement");
        tracing::debug!("too fine");
    });
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn text_lines_carry_the_message_and_its_fields() {
    let text = logged("info", Format::Text);
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in ["INFO", "case stored", "duration_ms=12", "correlation_id=\"c-1\""] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours where none were asked for");
}

#[test]
fn json_lines_are_objects_with_the_fields_at_the_top() {
    let text = logged("info,db=debug", Format::Json);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "the target's own level counts: {text}");
    assert_eq!(lines[0]["message"], "case stored");
    assert_eq!(lines[0]["duration_ms"], 12);
    assert_eq!(lines[0]["level"], "INFO");
    assert_eq!(lines[0]["span"]["correlation_id"], "c-1");
    assert_eq!(lines[1]["target"], "db");
}

#[test]
fn off_is_silent() {
    assert_eq!(logged("off", Format::Text), "");
}

#[test]
fn a_level_that_cannot_be_read_is_refused() {
    let refused = subscriber(&settings("db=loud", Format::Text), io::sink);
    assert!(matches!(refused, Err(LogError::Level(_))));
}

#[test]
fn a_second_set_up_is_told_and_harmless() {
    assert!(try_init(&settings("off", Format::Text), io::sink).unwrap().is_some());
    assert!(try_init(&settings("info", Format::Json), io::sink).unwrap().is_none());
}

#[test]
fn the_level_can_be_set_anew_and_a_bad_one_changes_nothing() {
    for format in [Format::Text, Format::Json] {
        let kept = Kept::default();
        let writer = kept.clone();
        let (subscriber, switch) = subscriber(&settings("warn", format), move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("before");
            assert!(switch.set("info").unwrap());
            tracing::info!("between");
            assert!(matches!(switch.set("db=loud"), Err(LogError::Level(_))));
            tracing::info!("after");
            assert!(switch.set("error").unwrap());
            tracing::info!("at last");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("between") && text.contains("after"), "{text}");
    }
}
