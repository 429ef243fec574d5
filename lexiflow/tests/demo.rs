//! The made-up firm: the same for the same seed, sound in itself, and written whole.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use cases::{DocketNumber, docket_key};

use lexiflow::commands::demo::generator::{DemoCase, Generator, MAIL_DOMAIN, REFERENCE_DAY};
use lexiflow::commands::demo::{Plan, fill};
use lexiflow::commands::{Console, run};
use lexiflow::config::Environment;
use lexiflow::state::Parts;
use proptest::prelude::*;
use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

fn cases_of(generator: &Generator) -> Vec<DemoCase> {
    generator.cases().map(|case| case.expect("the courts' ids are valid")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_seed_makes_the_same_firm_and_another_seed_another(seed in 0..u64::MAX, cases in 1_u32..12) {
        let (one, same, other) =
            (Generator::new(seed, 0, cases), Generator::new(seed, 0, cases), Generator::new(seed + 1, 0, cases));
        prop_assert_eq!(one.staff(), same.staff());
        prop_assert_eq!(one.clients().collect::<Vec<_>>(), same.clients().collect::<Vec<_>>());
        prop_assert_eq!(cases_of(&one), cases_of(&same));
        prop_assert_ne!(one.staff(), other.staff());
        prop_assert_ne!(one.clients().collect::<Vec<_>>(), other.clients().collect::<Vec<_>>());
        prop_assert_ne!(cases_of(&one), cases_of(&other));
    }

    #[test]
    fn everything_is_whole_and_in_order(seed: u64, cases in 1_u32..24) {
        let generator = Generator::new(seed, 0, cases);
        let clients: Vec<_> = generator.clients().collect();
        for client in &clients {
            prop_assert!(!client.name.trim().is_empty() && client.name.len() <= 500);
            prop_assert!(client.email.as_deref().is_some_and(|email| email.ends_with(".example")), "{client:?}");
        }
        let mails: HashSet<_> = generator.staff().iter().map(|member| member.email.clone()).collect();
        prop_assert_eq!(mails.len(), 12);
        prop_assert!(mails.iter().all(|mail| mail.ends_with(MAIL_DOMAIN)));
        for case in cases_of(&generator) {
            prop_assert!(case.client < clients.len());
            prop_assert!(case.lead < generator.staff().len());
            let names: Vec<_> = case.docket.parties.iter().map(|party| party.name.as_str()).collect();
            prop_assert!(names.contains(&clients[case.client].name.as_str()), "{names:?}");
            check_docket(&case)?;
            check_papers(&case)?;
            check_work(&case, generator.staff().len())?;
        }
    }
}

fn check_docket(case: &DemoCase) -> Result<(), TestCaseError> {
    let docket = &case.docket;
    let filed = docket.date_filed.expect("every case was filed");
    let last = docket.date_terminated.unwrap_or(REFERENCE_DAY);
    prop_assert!(filed <= last && last <= REFERENCE_DAY);
    prop_assert_eq!(docket.date_terminated.is_some(), case.status.is_over());
    let number: DocketNumber = docket.docket_number.parse().expect("a federal docket number");
    prop_assert_eq!(i32::from(number.year), chrono::Datelike::year(&filed));
    prop_assert_eq!(number.kind.as_deref(), Some("cv"));
    prop_assert!(docket.case_name.as_deref().is_some_and(|name| name.contains(" v. ")));
    prop_assert!((5..=60).contains(&docket.entries.len()), "{} entries", docket.entries.len());
    prop_assert_eq!(docket.entries[0].date_filed, filed);
    prop_assert!(docket.entries.is_sorted_by_key(|entry| entry.date_filed));
    prop_assert!(docket.entries.iter().all(|entry| entry.date_filed <= last));
    let numbers = docket.entries.iter().filter_map(|entry| entry.document_number.as_deref());
    for (number, expected) in numbers.zip(1..) {
        prop_assert_eq!(number, expected.to_string());
    }
    for text in docket.entries.iter().map(|entry| &entry.description) {
        prop_assert!(is_written_out(text), "{text}");
    }
    prop_assert!(docket.parties.len() >= 2);
    for party in &docket.parties[..2] {
        prop_assert!(party.attorneys[0].roles.contains(&"LEAD ATTORNEY".to_owned()), "{party:?}");
    }
    prop_assert!(is_written_out(&case.description), "{}", case.description);
    Ok(())
}

fn check_papers(case: &DemoCase) -> Result<(), TestCaseError> {
    prop_assert!((1..=4).contains(&case.papers.len()));
    let names: HashSet<_> = case.papers.iter().map(|paper| &paper.file_name).collect();
    prop_assert_eq!(names.len(), case.papers.len());
    for paper in &case.papers {
        let size = paper.text.len();
        prop_assert!((2 << 10..=12 << 10).contains(&size), "{} of {size} bytes", paper.file_name);
        for text in [&paper.text, &paper.title, &paper.description] {
            prop_assert!(is_written_out(text), "{text}");
        }
        prop_assert!(paper.text.lines().all(|line| line.chars().count() <= 130), "{}", paper.text);
    }
    Ok(())
}

fn check_work(case: &DemoCase, staff: usize) -> Result<(), TestCaseError> {
    prop_assert!(!case.work.is_empty());
    prop_assert!(case.work.is_sorted_by_key(|piece| piece.worked_on));
    for piece in &case.work {
        prop_assert!(piece.member < staff);
        prop_assert!(piece.worked_on <= REFERENCE_DAY);
        prop_assert!((360..=6 * 3600).contains(&piece.worked_seconds) && piece.worked_seconds % 360 == 0);
        prop_assert!(piece.activity_code.starts_with('A') && piece.activity_code.len() == 4);
        prop_assert!(is_written_out(&piece.description), "{}", piece.description);
    }
    Ok(())
}

/// Nothing of a template is left over.
fn is_written_out(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(['{', '}', '[', ']', '|'])
}

/// A docket that is cut at its greatest length before it ends.
#[test]
fn numbers_go_on_where_a_docket_was_cut() {
    for case in cases_of(&Generator::new(9_977_912_636_584_056_985, 0, 3)) {
        check_docket(&case).expect("a docket without gaps");
    }
}

#[test]
fn no_docket_number_comes_twice_not_even_in_a_second_firm() {
    let mut seen = HashSet::new();
    for generator in [Generator::new(7, 0, 1500), Generator::new(7, 1500, 500), Generator::new(8, 2000, 500)]
    {
        for case in generator.cases().map(Result::unwrap) {
            let key = (case.docket.court.to_string(), docket_key(&case.docket.docket_number));
            assert!(seen.insert(key), "{} {}", case.docket.court, case.docket.docket_number);
        }
    }
}

#[test]
fn the_firm_is_mixed() {
    let all = cases_of(&Generator::new(1, 0, 200));
    for status in cases::CaseStatus::ALL {
        assert!(all.iter().any(|case| case.status == status), "no case is {status}");
    }
    let areas: HashSet<_> = all.iter().map(|case| case.practice_area).collect();
    assert!(areas.len() >= 8, "{areas:?}");
    let kinds: HashSet<_> = all.iter().flat_map(|case| &case.papers).map(|paper| paper.kind).collect();
    assert!(kinds.len() >= 6, "{kinds:?}");
    let entries: Vec<_> = all.iter().map(|case| case.docket.entries.len()).collect();
    assert!(
        entries.iter().any(|count| *count < 10) && entries.iter().any(|count| *count > 40),
        "{entries:?}"
    );
}

/// What a command wrote.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const SETTINGS: [(&str, &str); 4] = [
    ("storage.min_disk_space", "0"),
    ("admin.email", "ada@firm.example"),
    ("admin.password", "copper lantern violet harbor"),
    ("database.pool_max", "8"),
];

fn overrides(folder: &Path, url: Option<&str>) -> Vec<(String, String)> {
    let folder = folder.display().to_string();
    let more = [Some(("storage.data_dir", folder.as_str())), url.map(|url| ("database.url", url))];
    let all = SETTINGS.into_iter().chain(more.into_iter().flatten());
    all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn command(settings: &[(String, String)], words: &[&str]) -> (u8, String, String) {
    let sets = settings.iter().flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")]);
    let words = words.iter().map(|word| (*word).to_owned());
    let arguments = std::iter::once("lexiflow".to_owned()).chain(sets).chain(words).map(OsString::from);
    let (out, err) = (Written::default(), Written::default());
    let mut console = Console::to(out.clone(), err.clone());
    let code = run(arguments, Environment::default(), None, &mut console);
    (code, out.text(), err.text())
}

fn row(out: &str, name: &str) -> u64 {
    let line =
        out.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no `{name}` in {out}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Runs `look` with the parts of the firm that the settings name.
fn look<T>(settings: &[(String, String)], look: impl AsyncFnOnce(&Parts, access::Ctx) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sources = lexiflow::config::Sources { overrides: settings.to_vec(), ..Default::default() };
    let config = lexiflow::config::load(&sources).unwrap().config;
    runtime.block_on(async {
        let (clock, random) = (Arc::new(clock::SystemClock), Arc::new(clock::SystemRandom));
        let parts = Box::pin(Parts::open(config, clock, random)).await.unwrap();
        let principal = lexiflow::state::administrator(&parts).await.unwrap().principal;
        let seen = look(&parts, parts.app.act_as(principal, "test")).await;
        parts.close().await;
        seen
    })
}

#[test]
fn the_command_writes_the_firm_and_refuses_to_write_it_twice() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(testkit::TestDatabase::create());
    let settings = overrides(database.folder(), database.settings().url.as_deref());
    let (code, out, err) = command(&settings, &["demo", "--cases", "8", "--seed", "3"]);
    assert_eq!(code, 0, "{out}{err}");
    let made = cases_of(&Generator::new(3, 0, 8));
    assert_eq!(row(&out, "users new"), 12);
    assert_eq!(row(&out, "cases new"), 8);
    assert_eq!(
        row(&out, "docket entries new"),
        made.iter().map(|case| case.docket.entries.len() as u64).sum::<u64>()
    );
    assert_eq!(row(&out, "documents new"), made.iter().map(|case| case.papers.len() as u64).sum::<u64>());
    assert_eq!(row(&out, "time entries new"), made.iter().map(|case| case.work.len() as u64).sum::<u64>());
    assert_eq!(out.matches("shown only this once").count(), 1, "{out}");

    look(&settings, async |parts, ctx| {
        check_case(&ctx, &made[0]).await;
        check_sign_in(parts, &out).await;
    });

    look(&settings, check_again);

    let (code, out, err) = command(&settings, &["demo", "--cases", "8"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("12 made-up people already"), "{err}");
}

async fn check_case(ctx: &access::Ctx, made: &DemoCase) {
    let filter = cases::CaseFilter { text: made.docket.case_name.clone(), ..Default::default() };
    let order = web::Sort::ascending(cases::CaseSort::OpenedAt);
    let (found, total) = cases::list_cases(ctx, &filter, order, web::Page::default(), None).await.unwrap();
    assert_eq!(total, 1);
    let case = cases::find_case(ctx, found[0].id).await.unwrap();
    assert_eq!(case.fields.status, made.status);
    assert_eq!(case.opened_at.date_naive(), made.docket.date_filed.unwrap());
    assert!(case.fields.client_id.is_some() && case.fields.lead_user_id.is_some());
    assert_eq!(case.fields.practice_area.as_deref(), Some(made.practice_area));
    let filter = documents::DocumentFilter { case: Some(case.id), ..Default::default() };
    let order = (documents::DocumentSort::Title, false);
    let (papers, total) = documents::list_documents(ctx, &filter, order.0, order.1, 10, 0).await.unwrap();
    assert_eq!(total, made.papers.len() as u64);
    assert!(papers.iter().all(|paper| paper.text_status == documents::TextStatus::Ready), "{papers:?}");
}

/// More cases beside the first: nobody and no docket comes twice.
async fn check_again(parts: &Parts, ctx: access::Ctx) {
    let out = Written::default();
    let mut console = Console::to(out.clone(), io::sink());
    let plan = Plan { cases: 6, seed: 3, again: true };
    let tally = Box::pin(fill(plan, parts, &ctx, &mut console)).await.unwrap();
    assert_eq!((tally.users, tally.cases, tally.left_out), (0, 6, 0), "{}", out.text());
    assert!(out.text().contains("keep their passwords"), "{}", out.text());
    assert_eq!(cases::stats(&ctx).await.unwrap().total, 14);
}

async fn check_sign_in(parts: &Parts, out: &str) {
    let email = out.lines().find_map(|line| line.strip_prefix("partner")).unwrap().trim();
    let password = out.lines().find_map(|line| line.strip_prefix("Password of these people: ")).unwrap();
    let password = crypto::Secret::new(password.split_whitespace().next().unwrap());
    let verdict = accounts::check_password(&parts.app, &parts.hasher, email, password).await.unwrap();
    assert!(matches!(verdict, accounts::Verdict::Right(_)), "{email}");
}
