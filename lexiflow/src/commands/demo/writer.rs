use super::generator::{DemoCase, Generator, Paper, Work};
use super::{DemoError, Tally};
use access::Ctx;
use billing::TimeDraft;
use cases::{CaseFields, CaseFilter, CaseSort};
use documents::{DocumentFields, Files, Intake};
use futures_util::{StreamExt as _, TryStreamExt as _};
use ids::{CaseId, ClientId};
use web::{Page, Sort};

/// Clients on their way at once.
const AT_ONCE: usize = 16;

/// Writes cases into the firm.
pub(super) struct Writer<'a> {
    /// Acts for the administrator.
    pub(super) ctx: &'a Ctx,
    /// Act for the made-up people, in the order of the generator's staff.
    pub(super) team: &'a [Ctx],
    pub(super) files: &'a Files,
    pub(super) clients: &'a [ClientId],
    /// Whether the firm had cases before: then none of them may be taken for a made-up one.
    pub(super) is_shared: bool,
}

/// How many cases the firm has.
pub(super) async fn cases_in_firm(ctx: &Ctx) -> Result<u64, DemoError> {
    let order = Sort::ascending(CaseSort::OpenedAt);
    Ok(cases::list_cases(ctx, &CaseFilter::default(), order, Page::default(), None).await?.1)
}

/// Adds the clients; their ids come in the generator's order.
pub(super) async fn add_clients(ctx: &Ctx, generator: &Generator) -> Result<Vec<ClientId>, DemoError> {
    futures_util::stream::iter(generator.clients())
        .map(|fields| async move { Ok(clients::add_client(ctx, fields).await?.id) })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

impl Writer<'_> {
    /// Writes one case: the court's record in one transaction, then what the firm itself knows of it.
    pub(super) async fn write(&self, case: DemoCase) -> Result<Tally, DemoError> {
        if self.is_shared && self.is_taken(&case).await? {
            return Ok(Tally { left_out: 1, ..Tally::default() });
        }
        let DemoCase { client, lead, practice_area, description, status, docket, papers, work, .. } = case;
        let imported = docket::import_docket(self.ctx, docket).await?;
        let lead = &self.team[lead];
        let client = self.clients.get(client).copied();
        cases::change_case(self.ctx, imported.case, None, |known| {
            Ok::<_, cases::Error>(CaseFields {
                practice_area: Some(practice_area.to_owned()),
                description: Some(description),
                client_id: client,
                lead_user_id: Some(lead.user()),
                status,
                ..known.clone()
            })
        })
        .await?;
        let mut tally = Tally {
            cases: 1,
            parties: imported.parties_added,
            attorneys: imported.attorneys_added,
            entries: imported.entries_added as u64,
            ..Tally::default()
        };
        for paper in papers {
            tally.document_bytes += self.store(lead, imported.case, paper).await?;
            tally.documents += 1;
        }
        for piece in work {
            tally.worked_seconds += piece.worked_seconds.unsigned_abs();
            self.record(imported.case, piece).await?;
            tally.time_entries += 1;
        }
        Ok(tally)
    }

    async fn is_taken(&self, case: &DemoCase) -> Result<bool, DemoError> {
        let filter = CaseFilter {
            text: Some(case.docket.docket_number.clone()),
            court: Some(case.docket.court.to_string()),
            ..CaseFilter::default()
        };
        let order = Sort::ascending(CaseSort::OpenedAt);
        Ok(cases::list_cases(self.ctx, &filter, order, Page::default(), None).await?.1 > 0)
    }

    /// Stores a document as the lawyer who leads the case; its size in bytes.
    async fn store(&self, ctx: &Ctx, case: CaseId, paper: Paper) -> Result<u64, DemoError> {
        let size_bytes = paper.text.len() as u64;
        let mut intake =
            Intake::start(self.files, &paper.file_name, Some("text/plain"), Some(size_bytes)).await?;
        intake.write(paper.text.as_bytes()).await?;
        let file = intake.finish().await?;
        let fields = DocumentFields {
            case_id: Some(case),
            title: paper.title,
            kind: Some(paper.kind.to_owned()),
            description: Some(paper.description),
            tags: paper.tags,
            custodian: paper.custodian,
            bates_begin: None,
            bates_end: None,
        };
        documents::add_document(ctx, self.files, fields, file).await?;
        Ok(size_bytes)
    }

    async fn record(&self, case: CaseId, piece: Work) -> Result<(), DemoError> {
        let draft = TimeDraft {
            case,
            worked_on: piece.worked_on,
            worked_seconds: piece.worked_seconds,
            description: piece.description,
            billable: piece.billable,
            activity_code: Some(piece.activity_code.to_owned()),
        };
        billing::record_time(&self.team[piece.member], draft).await?;
        Ok(())
    }
}
