use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0050_search", statements: tables },
        Migration { name: "0051_search_folding", statements: folding },
        Migration { name: "0052_search_vocabulary", statements: vocabulary },
    ]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let entries = Table::create()
        .table("search_entries")
        .col(columns.sequence("seq"))
        .col(columns.firm())
        .col(columns.text("kind"))
        .col(columns.id("entity_id"))
        .col(columns.int("piece"))
        .col(columns.opt_id("case_id"))
        .col(columns.text("title"))
        .col(columns.text("body"))
        .col(columns.time("at"))
        .take();
    let key = Index::create()
        .name("search_entries_entity")
        .table("search_entries")
        .col("firm_id")
        .col("kind")
        .col("entity_id")
        .col("piece")
        .unique()
        .take();
    let of_case = Index::create()
        .name("search_entries_case")
        .table("search_entries")
        .col("firm_id")
        .col("case_id")
        .take();
    let mut statements = vec![
        migrate::table(dialect, &entries),
        migrate::index(dialect, &key),
        migrate::index(dialect, &of_case),
    ];
    statements.extend(full_text(dialect).iter().map(|text| (*text).to_owned()));
    statements
}

/// One of the four named places that branch on the dialect: the index of words beside the entries.
fn full_text(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => &[
            "CREATE VIRTUAL TABLE search_text USING fts5(title, body, content='search_entries', content_rowid='seq', \
             tokenize='unicode61 remove_diacritics 2')",
            "CREATE TRIGGER search_entries_added AFTER INSERT ON search_entries BEGIN \
             INSERT INTO search_text(rowid, title, body) VALUES (new.seq, new.title, new.body); END",
            "CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN \
             INSERT INTO search_text(search_text, rowid, title, body) \
             VALUES ('delete', old.seq, old.title, old.body); END",
            "CREATE TRIGGER search_entries_changed AFTER UPDATE ON search_entries BEGIN \
             INSERT INTO search_text(search_text, rowid, title, body) \
             VALUES ('delete', old.seq, old.title, old.body); \
             INSERT INTO search_text(rowid, title, body) VALUES (new.seq, new.title, new.body); END",
        ],
        Dialect::Postgres => &[
            "ALTER TABLE search_entries ADD COLUMN words tsvector NOT NULL",
            "CREATE INDEX search_entries_words ON search_entries USING gin (words)",
        ],
    }
}

/// SQLite's words in their order, in which the ones with one beginning are looked up.
fn vocabulary(dialect: Dialect) -> Vec<String> {
    match dialect {
        Dialect::Sqlite => {
            vec!["CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_text, 'row')".to_owned()]
        }
        Dialect::Postgres => Vec::new(),
    }
}

/// Both databases are given the words that this program has cut and folded. `folding` is empty where that is still to be
/// done: see [`crate::refold_schedule`]. A later change of the folding sets it to nothing again.
///
/// SQLite's index keeps no text: it is handed folded words, and what is shown comes from the entries.
fn folding(dialect: Dialect) -> Vec<String> {
    let unfolded = "CREATE INDEX search_entries_unfolded ON search_entries (seq) WHERE folding IS NULL";
    match dialect {
        Dialect::Sqlite => [
            "DROP TRIGGER search_entries_added",
            "DROP TRIGGER search_entries_removed",
            "DROP TRIGGER search_entries_changed",
            "DROP TABLE search_text",
            "CREATE VIRTUAL TABLE search_text USING fts5(title, body, content='', contentless_delete=1, \
             tokenize='ascii')",
            "CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN \
             DELETE FROM search_text WHERE rowid = old.seq; END",
            "ALTER TABLE search_entries ADD COLUMN folding integer",
            unfolded,
        ]
        .map(str::to_owned)
        .to_vec(),
        Dialect::Postgres => {
            ["ALTER TABLE search_entries ADD COLUMN folding bigint", unfolded].map(str::to_owned).to_vec()
        }
    }
}
