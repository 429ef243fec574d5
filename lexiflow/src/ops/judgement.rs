//! The memory, judged by marks that the caller chooses: for monitors with thresholds of their own.

use super::doctor::{Examined, Names};
use super::report::{decimal, fresh, percent};
use super::{Ops, doctor};
use access::Ctx;
use axum::Extension;
use axum::response::Response;
use headroom::{Level, Snapshot};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use web::problem::Fault;
use web::{Problem, ProblemBody, ValidQuery, codes};

/// The marks, in percent of the budget.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Marks {
    /// From which use on it is `warning`, 1 to 100; without it the server's own mark.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    warning_percent: Option<u32>,
    /// From which use on it is `critical`, 1 to 100 and above the other; without it the server's own mark.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    critical_percent: Option<u32>,
}

/// The judgement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Judgement {
    /// `ok`, `warning` or `critical`, by the marks.
    #[schema(example = "ok")]
    status: &'static str,
    /// What is allocated, of the budget.
    #[schema(value_type = f64, example = 25.02)]
    used_percent: Value,
    /// The mark in force.
    #[schema(example = 75)]
    warning_percent: u32,
    /// The mark in force.
    #[schema(example = 85)]
    critical_percent: u32,
    /// What is allocated.
    #[schema(example = 402_653_184)]
    used_bytes: u64,
    /// What the marks are parts of.
    #[schema(example = 1_610_612_736)]
    budget_bytes: u64,
    /// What to do, the most urgent first.
    #[schema(example = json!(["Nothing is wrong."]))]
    recommendations: Vec<String>,
}

/// Judge the memory in use by marks of your own. It only tells: what the server does about pressure goes by its settings.
#[utoipa::path(get, path = "/api/monitoring/memory/health", tag = "Monitoring", operation_id = "judgeMemory",
    params(Marks), responses(
    (status = 200, description = "The judgement", body = Judgement),
    (status = 400, description = "A mark is out of range, or the two are in the wrong order", body = ProblemBody)))]
pub(super) async fn show_judgement(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
    ValidQuery(marks): ValidQuery<Marks>,
) -> Result<Response, Problem> {
    let headroom = ctx.app().headroom();
    let snapshot = headroom.snapshot();
    let warning = marks.warning_percent.unwrap_or_else(|| snapshot.thresholds.enter(Level::Warning) / 10);
    let critical = marks.critical_percent.unwrap_or_else(|| snapshot.thresholds.enter(Level::Critical) / 10);
    if warning >= critical {
        let field = if marks.warning_percent.is_some() { "warningPercent" } else { "criticalPercent" };
        let message = format!("the mark of warning ({warning}) must be below that of critical ({critical})");
        let fault = Fault::new(field, "out_of_range", message);
        return Err(Problem::new(codes::MALFORMED_QUERY).with_faults(vec![fault]));
    }
    let (controls, names) = (headroom.controls(), Names::Own(ctx.firm()));
    let findings = Examined::of(&ops, (&snapshot, &controls), names).findings();
    Ok(fresh(StatusCode::OK, &judged(&snapshot, warning, critical, findings)))
}

fn judged(snapshot: &Snapshot, warning: u32, critical: u32, findings: Vec<String>) -> Judgement {
    let (used, budget) = (snapshot.heap_used(), snapshot.budget.bytes);
    let reaches = |mark: u32| used.saturating_mul(100) >= budget.saturating_mul(u64::from(mark));
    let share = percent(used, budget);
    let (status, mark) = match (reaches(critical), reaches(warning)) {
        (true, _) => ("critical", Some(critical)),
        (false, true) => ("warning", Some(warning)),
        (false, false) => ("ok", None),
    };
    let above = mark.map(|mark| {
        format!(
            "{share} % of the budget is allocated, and the mark of {status} is {mark} %: look at `routes` and `stores` of \
             /api/health/memory for what holds most."
        )
    });
    // What is right by the server's own marks is not, when a mark of the caller is reached.
    let kept = findings.into_iter().filter(|finding| above.is_none() || finding != doctor::NOTHING);
    Judgement {
        status,
        recommendations: above.clone().into_iter().chain(kept).collect(),
        used_percent: decimal(&share),
        warning_percent: warning,
        critical_percent: critical,
        used_bytes: used,
        budget_bytes: budget,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headroom::{AllocatorStats, Headroom, InjectedSource, Settings};

    #[test]
    fn the_higher_mark_that_is_reached_counts() {
        let source = Arc::new(InjectedSource::with_limit(400 << 20));
        source.change(|reading| {
            reading.allocator = Some(AllocatorStats { allocated: 150 << 20, ..AllocatorStats::default() });
        });
        let headroom = Headroom::new(Settings::default(), source as _);
        headroom.sample_at(1);
        let snapshot = headroom.snapshot();
        let judged =
            |warning, critical| judged(&snapshot, warning, critical, vec![doctor::NOTHING.to_owned()]);
        let share = judged(80, 90).used_percent.as_f64().unwrap_or_default();
        assert!((50.0..51.0).contains(&share), "150 of 300 MiB are allocated: {share}");
        for (warning, critical, status) in [(80, 90, "ok"), (50, 90, "warning"), (40, 50, "critical")] {
            let judgement = judged(warning, critical);
            assert_eq!(judgement.status, status, "{judgement:?}");
            let is_fine = judgement.recommendations.iter().any(|text| text == doctor::NOTHING);
            assert_eq!((is_fine, judgement.recommendations.len()), (status == "ok", 1), "{judgement:?}");
        }
    }
}
