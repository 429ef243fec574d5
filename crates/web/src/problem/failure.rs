use super::{Code, Fault, Missed, Problem};
use crate::codes;
use crate::metering::{refusal_behind, scarce};

/// An error that knows how to answer. Implement it for a module's error enum and use `?` in handlers.
pub trait Failure: std::error::Error + Send + Sync + 'static {
    /// What the caller is told. A code of 5xx hides the error's words; they go to the log.
    fn code(&self) -> Code;

    /// The members at fault, if the error is about the request's members.
    fn faults(&self) -> Vec<Fault> {
        Vec::new()
    }

    /// The thing that was asked for by its id and is not there for the caller, if the error is about one.
    fn missed(&self) -> Option<Missed> {
        None
    }

    /// When trying again may help.
    fn retry_after_seconds(&self) -> Option<u32> {
        None
    }
}

impl<E: Failure> From<E> for Problem {
    fn from(error: E) -> Self {
        let code = error.code();
        let refusal = (code == codes::MEMORY_EXHAUSTED).then(|| refusal_behind(&error)).flatten();
        if let Some((refusal, detail)) = refusal {
            return scarce(refusal, detail).with_cause(error);
        }
        let mut problem = Self::new(code).with_faults(error.faults());
        problem.0.retry_after_seconds = error.retry_after_seconds();
        problem.0.missed = error.missed();
        if problem.0.code.status < 500 {
            problem.0.detail = Some(error.to_string());
        }
        problem.with_cause(error)
    }
}
