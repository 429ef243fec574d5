use crate::engine::Settings;
use crate::level::Thresholds;
use crate::plan::ActionSettings;

/// What may be set anew while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// The budget asked for, in bytes; `None` to take it from the system.
    pub explicit_budget_bytes: Option<u64>,
    /// The marks of the levels.
    pub thresholds: Thresholds,
    /// A request whose peak is above this is counted as large, in bytes.
    pub large_request_bytes: u64,
    /// A request that holds more than this is ended, in bytes; `None` for as much as the budget lets it have.
    pub max_request_bytes: Option<u64>,
    /// Whether anything is done against pressure; otherwise it is only reported.
    pub acts: bool,
    /// How.
    pub actions: ActionSettings,
}

impl Tuning {
    /// What the process begins with.
    pub fn of(settings: &Settings) -> Self {
        Self {
            explicit_budget_bytes: settings.explicit_budget_bytes,
            thresholds: settings.thresholds,
            large_request_bytes: settings.large_request_bytes,
            max_request_bytes: settings.max_request_bytes,
            acts: settings.acts,
            actions: settings.actions,
        }
    }
}
