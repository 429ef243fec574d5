//! What is published is found, by whom it may be found, and what is removed is not.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use access::Role;
use db::Reads as _;
use events::cases::{CaseSnapshot, Changed, Deleted, Opened, PartiesChanged, PartyRemoved, PartySnapshot};
use events::docket::{EntriesFiled, EntryDeleted, EntrySnapshot};
use events::documents::{Added, DocumentSnapshot, TextRead};
use ids::{CaseId, DocketEntryId, DocumentId, Id, PartyId};
use search::Kind;
use support::Index;

fn case(number: u8, title: &str) -> CaseSnapshot {
    CaseSnapshot {
        id: CaseId::from_parts(2, &[number; 10]),
        number: format!("2026-{number:05}"),
        title: title.to_owned(),
        status: "open".to_owned(),
        client: None,
        practice_area: Some("Antitrust".to_owned()),
        court: Some("cand".to_owned()),
        docket_number: Some("1:24-cv-01442".to_owned()),
        judge: Some("Ada Lovelace".to_owned()),
        description: None,
        filed_on: None,
    }
}

fn document(title: &str) -> DocumentSnapshot {
    DocumentSnapshot {
        id: DocumentId::from_parts(5, &[1; 10]),
        case: None,
        title: title.to_owned(),
        file_name: "letter.txt".to_owned(),
        kind: None,
        description: None,
        custodian: Some("Records room".to_owned()),
        bates_begin: Some("ACME000123".to_owned()),
        bates_end: None,
        version: 1,
    }
}

async fn titles(ctx: &access::Ctx, query: &str) -> Vec<String> {
    let results = search::search(ctx, query, &Kind::ALL, 20, 0).await.unwrap();
    results.hits.iter().map(|hit| hit.title).collect()
}

#[tokio::test]
async fn a_case_is_found_by_its_words_in_any_case_and_accent() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    index.tell(&ann, &Opened(case(1, "Estate of Müller v. Harbour Light Company"))).await;

    for query in [
        "muller",
        "MÜLLER",
        "harbour light",
        "\"light company\"",
        "harb*",
        "1:24-cv-01442",
        "lovelace -smith",
    ] {
        assert_eq!(titles(&ann, query).await, ["Estate of Müller v. Harbour Light Company"], "{query}");
    }
    for query in ["muellers", "\"company light\"", "harbour smith", "muller -estate"] {
        assert!(titles(&ann, query).await.is_empty(), "{query}");
    }
    assert_eq!(titles(&ann, "smith OR harbour").await.len(), 1);
}

#[tokio::test]
async fn a_change_replaces_what_was_known_and_a_removal_forgets_it() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    let first = case(1, "Alder v. Birch");
    index.tell(&ann, &Opened(first.clone())).await;
    index.tell(&ann, &Changed(CaseSnapshot { title: "Alder v. Cedar".to_owned(), ..first.clone() })).await;

    assert!(titles(&ann, "birch").await.is_empty());
    assert_eq!(titles(&ann, "cedar").await, ["Alder v. Cedar"]);

    let entry = EntrySnapshot {
        id: DocketEntryId::from_parts(3, &[1; 10]),
        number: Some("12".to_owned()),
        filed_on: None,
        text: "MOTION to compel the production of ledgers".to_owned(),
    };
    index.tell(&ann, &EntriesFiled { case: first.id, entries: vec![entry.clone()] }).await;
    assert_eq!(titles(&ann, "ledgers").await, ["Entry 12"]);
    index.tell(&ann, &EntryDeleted { case: first.id, entry: entry.id }).await;
    assert!(titles(&ann, "ledgers").await.is_empty());

    index.tell(&ann, &EntriesFiled { case: first.id, entries: vec![entry] }).await;
    index.tell(&ann, &Deleted { case: first.id }).await;
    assert!(titles(&ann, "ledgers OR cedar").await.is_empty(), "all that hung on the case is gone too");
}

#[tokio::test]
async fn another_firm_finds_nothing_and_counts_nothing() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    let eve = index.user(Index::firm(2), Role::SuperAdmin);
    index.tell(&ann, &Opened(case(1, "Privileged matter"))).await;

    let seen = search::search(&eve, "privileged", &Kind::ALL, 20, 0).await.unwrap();
    assert_eq!((seen.hits.len(), seen.total()), (0, 0));
    assert!(search::stats(&eve).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_role_finds_and_counts_only_what_it_may_read() {
    let index = Index::create().await;
    let firm = Index::firm(1);
    let ann = index.user(firm, Role::Partner);
    index.tell(&ann, &Opened(case(1, "Quartz v. Quill"))).await;
    let entry = EntrySnapshot {
        id: DocketEntryId::from_parts(3, &[2; 10]),
        number: None,
        filed_on: None,
        text: "ORDER about quartz".to_owned(),
    };
    index.tell(&ann, &EntriesFiled { case: case(1, "").id, entries: vec![entry] }).await;

    let all = search::search(&ann, "quartz", &Kind::ALL, 20, 0).await.unwrap();
    assert_eq!(all.total(), 2);
    let accountant = index.user(firm, Role::Accountant);
    let some = search::search(&accountant, "quartz", &Kind::ALL, 20, 0).await.unwrap();
    assert_eq!(some.hits.iter().map(|hit| hit.kind).collect::<Vec<_>>(), [Kind::Case]);
    assert_eq!(some.total(), 1, "the count obeys the same rule");
    assert!(search::search(&index.user(firm, Role::Client), "quartz", &Kind::ALL, 20, 0).await.is_err());
}

#[tokio::test]
async fn parties_are_found_by_their_counsel_until_they_are_removed() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Paralegal);
    let party = PartySnapshot {
        id: PartyId::from_parts(4, &[1; 10]),
        name: "Northwind Traders".to_owned(),
        kind: "Defendant".to_owned(),
        counsel: vec!["Imogen Vale".to_owned()],
    };
    let case = CaseId::from_parts(2, &[9; 10]);
    index.tell(&ann, &PartiesChanged { case, parties: vec![party.clone()] }).await;
    assert_eq!(titles(&ann, "imogen vale").await, ["Northwind Traders"]);
    index.tell(&ann, &PartyRemoved { case, party: party.id }).await;
    assert!(titles(&ann, "northwind").await.is_empty());
}

#[tokio::test]
async fn a_document_is_one_hit_however_many_pieces_of_its_text_match() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    let document = document("Letter of engagement");
    index.tell(&ann, &Added(document.clone())).await;
    for piece in 0..3 {
        let text = format!("piece {piece} speaks of the retainer & the <b>fees</b>");
        let read = TextRead { document: document.id, case: None, version: 1, piece, text };
        index.tell(&ann, &read).await;
    }
    let results = search::search(&ann, "retainer", &Kind::ALL, 20, 0).await.unwrap();
    assert_eq!((results.hits.len(), results.total()), (1, 1));
    let snippet = results.hits.iter().next().unwrap().body_snippet.unwrap();
    assert!(snippet.contains("<mark>retainer</mark>"), "{snippet}");
    assert!(snippet.contains("&amp;") && !snippet.contains("<b>"), "the text is escaped: {snippet}");

    // A new reading replaces all pieces of the old one.
    let read =
        TextRead { document: document.id, case: None, version: 2, piece: 0, text: "nothing".to_owned() };
    index.tell(&ann, &read).await;
    assert!(titles(&ann, "retainer").await.is_empty());
    assert_eq!(titles(&ann, "ACME000123").await, ["Letter of engagement"]);
}

#[tokio::test]
async fn a_text_whose_document_is_not_indexed_yet_comes_again_and_is_not_lost() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    let document = document("Engagement");
    for (piece, text) in [(0, "of the retainer"), (1, "of the fees")] {
        let read = TextRead { document: document.id, case: None, version: 1, piece, text: text.to_owned() };
        index.tell(&ann, &read).await;
    }
    assert!(titles(&ann, "retainer").await.is_empty());
    index.tell(&ann, &Added(document)).await;
    // What failed is due again by now.
    index.tell(&ann, &Opened(case(1, "Another matter"))).await;
    for word in ["retainer", "fees"] {
        assert_eq!(titles(&ann, word).await, ["Engagement"], "{word}");
    }
}

fn order(text: &str) -> EntriesFiled {
    let id = DocketEntryId::from_parts(3, &[1; 10]);
    let entry = EntrySnapshot { id, number: None, filed_on: None, text: text.to_owned() };
    EntriesFiled { case: case(1, "").id, entries: vec![entry] }
}

async fn snippet(ctx: &access::Ctx, query: &str) -> String {
    let results = search::search(ctx, query, &Kind::ALL, 20, 0).await.unwrap();
    assert_eq!(results.hits.len(), 1, "{query}");
    results.hits.iter().next().unwrap().body_snippet.unwrap_or_else(|| panic!("{query} is not marked"))
}

#[tokio::test]
async fn words_are_marked_wherever_they_stand() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    let text =
        "See <script src=\"/lib/ledger.js\">alert('Müller')</script> of harbour-light@example.com & <b";
    index.tell(&ann, &order(text)).await;
    for (query, marked) in [
        ("script", "&lt;<mark>script</mark> src"),
        ("ledger", "<mark>ledger</mark>.js"),
        ("muller", "<mark>Müller</mark>"),
        ("exam*", "<mark>example</mark>.com"),
        ("\"harbour light\"", "of <mark>harbour-light</mark>@"),
        ("\"see script\"", "<mark>See &lt;script</mark> src"),
        ("alert-mull*", "<mark>alert(&#39;Müller</mark>"),
        ("alert see", "<mark>alert</mark>(&#39;Müller"),
        ("alert OR absent -missing", "<mark>alert</mark>"),
    ] {
        let snippet = snippet(&ann, query).await;
        assert!(snippet.contains(marked), "{query}: {snippet}");
        let bare = snippet.replace("<mark>", "").replace("</mark>", "");
        assert!(!bare.contains(['<', '>', '"', '\'']), "{query}: the text is escaped: {snippet}");
    }
    index.tell(&ann, &Opened(case(2, "<i>Quartz</i> v. <script>Quill</script>"))).await;
    let found = search::search(&ann, "quill", &Kind::ALL, 20, 0).await.unwrap();
    let hit = found.hits.iter().next().unwrap();
    let title = hit.title_snippet.as_deref();
    assert_eq!(title, Some("&lt;i&gt;Quartz&lt;/i&gt; v. &lt;script&gt;<mark>Quill</mark>&lt;/script&gt;"));
}

#[tokio::test]
async fn of_a_long_text_the_passage_is_shown_that_has_most_of_the_query() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    let words = |count: usize| vec!["filler"; count].join(" ");
    let text = format!("quartz {} quartz <quill> {} end", words(400), words(400));
    index.tell(&ann, &order(&text)).await;
    let snippet = snippet(&ann, "quill quartz").await;
    assert!(snippet.contains("<mark>quartz</mark> &lt;<mark>quill</mark>&gt;"), "{snippet}");
    assert!(snippet.starts_with('…') && snippet.ends_with('…'), "{snippet}");
    assert!(snippet.split_whitespace().count() <= 33, "{snippet}");
    // Many terms that begin alike.
    let mut many: Vec<String> = (0..13).map(|number| format!("\"filler filler absent{number}\"")).collect();
    many.extend(["qua*".to_owned(), "\"quartz quill filler\"".to_owned()]);
    let found = self::snippet(&ann, &many.join(" OR ")).await;
    assert!(found.contains("<mark>quartz"), "{found}");
    let last = self::snippet(&ann, "end").await;
    assert!(last.starts_with('…') && last.ends_with("filler <mark>end</mark>"), "{last}");
}

#[tokio::test]
async fn pages_do_not_overlap_and_end_empty() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    for number in 1..=25 {
        index.tell(&ann, &Opened(case(number, &format!("Common words {number}")))).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    for page in 0..3 {
        let results = search::search(&ann, "common", &[Kind::Case], 10, page * 10).await.unwrap();
        assert_eq!(results.total(), 25);
        seen.extend(results.hits.iter().map(|hit| hit.entity));
    }
    assert_eq!(seen.len(), 25);
    let beyond = search::search(&ann, "common", &[Kind::Case], 10, 10_000_000_000).await.unwrap();
    assert_eq!((beyond.hits.len(), beyond.total()), (0, 25));
}

#[tokio::test]
async fn every_text_is_a_query() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    index.tell(&ann, &Opened(case(1, "Anything at all"))).await;
    let hostile = [
        "\"",
        "\"unclosed",
        "*",
        "-",
        "- -",
        "OR",
        "OR OR a",
        "a OR",
        "AND",
        "NEAR(a b)",
        "title:x",
        "a:b",
        "(",
        ")",
        "a*b*",
        "'; DROP TABLE search_entries; --",
        "\\",
        "%",
        "& | !",
        "<->",
        ":*",
        "a & b",
        "\u{0}",
        "日本語",
        "İstanbul",
        "-a -b",
        "a -",
        "\"a\" OR \"b\" -\"c d\"",
        "e\u{301}",
        "🦀",
        "1e5",
        "1.5.2",
        "0x1F",
        "a@b.c",
        "/x/y",
    ];
    for query in hostile {
        match search::search(&ann, query, &Kind::ALL, 20, 0).await {
            Ok(_) | Err(search::Error::Empty) => {}
            Err(error) => panic!("{query:?}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_beginning_finds_its_words_but_not_any_number_of_them() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    for number in 0..80 {
        index.tell(&ann, &Opened(case(number, &format!("Quill{number} v. Harbour Light")))).await;
    }
    let found = |query: &'static str| search::search(&ann, query, &Kind::ALL, 100, 0);
    let count = async |query| found(query).await.unwrap().hits.len();
    assert_eq!(count("quill1*").await, 11, "quill1 and quill10 to quill19");
    assert_eq!(count("quill1* -quill12*").await, 10);
    assert_eq!(count("harb* light quill7*").await, 11);
    assert_eq!(count("nothing*").await, 0);
    assert_eq!(count("nothing* OR quill44").await, 1);
    let all = found("quill*").await;
    match ann.reader().dialect() {
        db::Dialect::Sqlite => assert!(matches!(all, Err(search::Error::TooBroad(word)) if word == "quill")),
        db::Dialect::Postgres => assert_eq!(all.unwrap().hits.len(), 80),
    }
}

#[tokio::test]
async fn a_page_beyond_the_end_is_empty_and_counts_all_the_same() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    index.tell(&ann, &Opened(case(1, "Alder v. Birch"))).await;
    for (offset, hits) in [(0, 1), (1, 0), (u64::MAX, 0)] {
        let results = search::search(&ann, "alder", &Kind::ALL, 20, offset).await.unwrap();
        assert_eq!((results.hits.len(), results.counts), (hits, vec![(Kind::Case, 1)]), "{offset}");
    }
}
