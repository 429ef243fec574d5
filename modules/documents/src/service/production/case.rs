//! The case that a production belongs to. It is opened with the first document, so that a load file of which nothing can
//! be imported leaves no empty case.

use super::ProductionError;
use crate::Error;
use access::{Action, Ctx};
use cases::{CaseFields, CaseFilter, CaseSort};
use garde::Validate as _;
use ids::CaseId;
use web::{Page, Sort};

/// The case that a production belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseTarget {
    /// This one.
    Case(CaseId),
    /// The one with exactly this title; it is opened when there is none.
    Titled(String),
}

impl CaseTarget {
    /// Whether a case may have such a title: the API refuses others, and so could not change the case.
    pub fn check(&self) -> Result<(), ProductionError> {
        let Self::Titled(title) = self else { return Ok(()) };
        let Err(report) = titled(title).validate() else { return Ok(()) };
        let faults: Vec<_> = report.iter().map(|(_, fault)| fault.to_string()).collect();
        Err(ProductionError::Title(faults.join(", ")))
    }
}

fn titled(title: &str) -> CaseFields {
    CaseFields { title: title.trim().to_owned(), ..CaseFields::default() }
}

/// The case of an import under way.
pub(super) enum Target {
    Known(CaseId),
    /// To be opened with this title.
    Missing(String),
}

impl Target {
    pub(super) async fn find(ctx: &Ctx, target: &CaseTarget) -> Result<Self, Error> {
        let title = match target {
            CaseTarget::Case(case) => {
                cases::exists(ctx.reader(), ctx.sight_to(Action::Import)?, *case).await?;
                return Ok(Self::Known(*case));
            }
            CaseTarget::Titled(title) => title.trim(),
        };
        let filter = CaseFilter { text: Some(title.to_owned()), ..CaseFilter::default() };
        let most = web::paging::MAX_LIMIT;
        let page = Page::from_parts(None, Some(most), most).unwrap_or_default();
        let sort = Sort::ascending(CaseSort::OpenedAt);
        let (known, _) = cases::list_cases(ctx, &filter, sort, page, None).await?;
        let same = known.into_iter().find(|case| case.title == title);
        Ok(same.map_or_else(|| Self::Missing(title.to_owned()), |case| Self::Known(case.id)))
    }

    pub(super) fn known(&self) -> Option<CaseId> {
        match self {
            Self::Known(case) => Some(*case),
            Self::Missing(_) => None,
        }
    }

    /// The case, which is opened now if there is none.
    pub(super) async fn open(&mut self, ctx: &Ctx) -> Result<CaseId, Error> {
        let case = match self {
            Self::Known(case) => *case,
            Self::Missing(title) => cases::open_case(ctx, titled(title)).await?.id,
        };
        *self = Self::Known(case);
        Ok(case)
    }
}
