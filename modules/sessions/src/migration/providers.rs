use db::{Dialect, migrate};
use sea_orm::sea_query::{ForeignKey, Index, Table};

/// Who users are for the provider that they sign in with, and which single-use tokens were used.
pub(super) fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let identities = Table::create()
        .table("provider_identities")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.text("issuer"))
        .col(columns.text("subject"))
        .col(columns.time("linked_at"))
        .col(columns.time("last_used_at"))
        .foreign_key(
            ForeignKey::create()
                .name("provider_identities_user")
                .from("provider_identities", "user_id")
                .to("users", "id"),
        )
        .take();
    let by_subject = Index::create()
        .unique()
        .name("provider_identities_subject")
        .table("provider_identities")
        .col("firm_id")
        .col("issuer")
        .col("subject")
        .take();
    let of_user = Index::create()
        .unique()
        .name("provider_identities_of_user")
        .table("provider_identities")
        .col("firm_id")
        .col("user_id")
        .col("issuer")
        .take();
    let no = match dialect {
        Dialect::Sqlite => "integer NOT NULL DEFAULT 0",
        Dialect::Postgres => "boolean NOT NULL DEFAULT false",
    };
    let mut statements = vec![
        migrate::table(dialect, &identities),
        migrate::index(dialect, &by_subject),
        migrate::index(dialect, &of_user),
        format!("ALTER TABLE sessions ADD COLUMN provider_factor {no}"),
    ];
    statements.extend(spent(dialect));
    statements
}

/// `spent_tokens` has no `firm_id`: a sign-in that comes back from the provider is nobody's yet. A row is a hash, and goes
/// when the token would be over anyway.
fn spent(dialect: Dialect) -> [String; 2] {
    let columns = dialect.columns();
    let spent = Table::create()
        .table("spent_tokens")
        .col(columns.bytes("hash").primary_key())
        .col(columns.time("expires_at"))
        .take();
    let by_end =
        Index::create().name("spent_tokens_expires_at").table("spent_tokens").col("expires_at").take();
    [migrate::table(dialect, &spent), migrate::index(dialect, &by_end)]
}
