use db::{Dialect, migrate};
use sea_orm::sea_query::{ForeignKey, Index, Table};

/// Passkeys, the challenges that are open, and which passkey was shown in a login. They are there in every build, so that
/// a database does not depend on how its server was built.
pub(super) fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let passkeys = Table::create()
        .table("passkeys")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.bytes("credential_id"))
        .col(columns.bytes("public_key"))
        .col(columns.int("counter"))
        .col(columns.text("name"))
        .col(columns.text("transports"))
        .col(columns.flag("may_be_backed_up"))
        .col(columns.flag("is_backed_up"))
        .col(columns.time("created_at"))
        .col(columns.opt_time("last_used_at"))
        .foreign_key(ForeignKey::create().name("passkeys_user").from("passkeys", "user_id").to("users", "id"))
        .take();
    // Who signs in names nothing else: the id is that of one passkey on the whole server.
    let by_credential =
        Index::create().unique().name("passkeys_credential_id").table("passkeys").col("credential_id").take();
    let of_user =
        Index::create().name("passkeys_of_user").table("passkeys").col("firm_id").col("user_id").take();
    let mut statements = vec![
        migrate::table(dialect, &passkeys),
        migrate::index(dialect, &by_credential),
        migrate::index(dialect, &of_user),
    ];
    statements.extend(challenges(dialect));
    let id = match dialect {
        Dialect::Sqlite => "blob",
        Dialect::Postgres => "uuid",
    };
    statements.push(format!("ALTER TABLE sessions ADD COLUMN passkey_id {id}"));
    statements
}

/// `passkey_challenges` has a firm and a user only where somebody asks who is signed in: nobody knows yet who signs in.
fn challenges(dialect: Dialect) -> [String; 2] {
    let columns = dialect.columns();
    let challenges = Table::create()
        .table("passkey_challenges")
        .col(columns.bytes("hash").primary_key())
        .col(columns.text("purpose"))
        .col(columns.opt_id("firm_id"))
        .col(columns.opt_id("user_id"))
        .col(columns.time("expires_at"))
        .take();
    let by_end = Index::create()
        .name("passkey_challenges_expires_at")
        .table("passkey_challenges")
        .col("expires_at")
        .take();
    [migrate::table(dialect, &challenges), migrate::index(dialect, &by_end)]
}
