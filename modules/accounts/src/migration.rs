use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{ForeignKey, ForeignKeyCreateStatement, Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0020_accounts", statements: tables },
        Migration { name: "0022_users_second_factor", statements: second_factor },
        Migration { name: "0060_password_resets", statements: password_resets },
        Migration { name: "0061_invitations", statements: invitations },
        Migration { name: "0062_api_keys", statements: api_keys },
    ]
}

fn password_resets(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let resets = Table::create()
        .table("password_resets")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.bytes("hash"))
        .col(columns.time("created_at"))
        .col(columns.time("expires_at"))
        .col(columns.opt_time("used_at"))
        .foreign_key(&mut of_user("password_resets_user", "password_resets"))
        .take();
    let hash =
        Index::create().unique().name("password_resets_hash").table("password_resets").col("hash").take();
    let of_user = Index::create()
        .name("password_resets_of_user")
        .table("password_resets")
        .col("firm_id")
        .col("user_id")
        .take();
    let by_end =
        Index::create().name("password_resets_expires_at").table("password_resets").col("expires_at").take();
    let indexes = [hash, of_user, by_end];
    let mut statements = vec![migrate::table(dialect, &resets)];
    statements.extend(indexes.iter().map(|index| migrate::index(dialect, index)));
    statements
}

/// Who registers by themselves was invited by nobody.
fn invitations(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let invitations = Table::create()
        .table("invitations")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.text("email"))
        .col(columns.text("first_name"))
        .col(columns.text("last_name"))
        .col(columns.text("role"))
        .col(columns.opt_id("invited_by"))
        .col(columns.opt_bytes("hash"))
        .col(columns.time("created_at"))
        .col(columns.time("expires_at"))
        .col(columns.opt_time("sent_at"))
        .col(columns.opt_time("accepted_at"))
        .col(columns.opt_id("user_id"))
        .col(columns.opt_time("revoked_at"))
        .foreign_key(
            ForeignKey::create().name("invitations_firm").from("invitations", "firm_id").to("firms", "id"),
        )
        .take();
    let hash = Index::create().unique().name("invitations_hash").table("invitations").col("hash").take();
    let listed = Index::create()
        .name("invitations_created_at")
        .table("invitations")
        .col("firm_id")
        .col("created_at")
        .col("id")
        .take();
    let by_end = Index::create().name("invitations_expires_at").table("invitations").col("expires_at").take();
    let mut statements = vec![migrate::table(dialect, &invitations)];
    statements.extend([hash, listed, by_end].iter().map(|index| migrate::index(dialect, index)));
    // One open invitation for an address in a firm.
    statements.push(
        "CREATE UNIQUE INDEX invitations_open_email ON invitations (firm_id, email) \
         WHERE accepted_at IS NULL AND revoked_at IS NULL"
            .to_owned(),
    );
    statements
}

/// `scopes` holds codes of permissions and `networks` ranges of addresses, with a space between. Both are read whole with
/// their key, and nothing is looked up by one of them.
fn api_keys(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let keys = Table::create()
        .table("api_keys")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.text("name"))
        .col(columns.bytes("hash"))
        .col(columns.text("scopes"))
        .col(columns.text("networks"))
        .col(columns.time("created_at"))
        .col(columns.opt_time("expires_at"))
        .col(columns.opt_time("last_used_at"))
        .col(columns.opt_time("revoked_at"))
        .foreign_key(&mut of_user("api_keys_user", "api_keys"))
        .take();
    let of_user = Index::create()
        .name("api_keys_of_user")
        .table("api_keys")
        .col("firm_id")
        .col("user_id")
        .col("created_at")
        .col("id")
        .take();
    vec![migrate::table(dialect, &keys), migrate::index(dialect, &of_user)]
}

/// A reference that carries the firm, so that no row belongs to another firm's user.
fn of_user(name: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, ("firm_id", "user_id")).to("users", ("firm_id", "id")).take()
}

/// `firms` has no `firm_id`: its own id is what the others name.
fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let firms = Table::create()
        .table("firms")
        .col(columns.key())
        .col(columns.text("name"))
        .col(columns.text("slug"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .take();
    let slug = Index::create().unique().name("firms_slug").table("firms").col("slug").take();
    let mut statements = vec![migrate::table(dialect, &firms), migrate::index(dialect, &slug)];
    statements.extend(users(dialect));
    statements.extend(credentials(dialect));
    statements
}

fn users(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let users = Table::create()
        .table("users")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.text("email"))
        .col(columns.text("first_name"))
        .col(columns.text("last_name"))
        .col(columns.text("search_text"))
        .col(columns.text("role"))
        .col(columns.flag("active"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .col(columns.opt_time("last_login_at"))
        .col(columns.opt_time("signed_out_at"))
        .foreign_key(ForeignKey::create().name("users_firm").from("users", "firm_id").to("firms", "id"))
        .take();
    let email = Index::create().unique().name("users_email").table("users").col("email").take();
    let by_name = Index::create()
        .name("users_firm_last_name")
        .table("users")
        .col("firm_id")
        .col("last_name")
        .col("first_name")
        .col("id")
        .take();
    // What belongs to a firm refers to its users through this.
    let of_firm =
        Index::create().unique().name("users_firm_id").table("users").col("firm_id").col("id").take();
    let mut statements = vec![migrate::table(dialect, &users)];
    statements.extend([email, by_name, of_firm].iter().map(|index| migrate::index(dialect, index)));
    statements
}

/// Whether signing in asks for a second factor. The factor itself is kept by who checks it.
fn second_factor(dialect: Dialect) -> Vec<String> {
    let none = match dialect {
        Dialect::Sqlite => "integer NOT NULL DEFAULT 0",
        Dialect::Postgres => "boolean NOT NULL DEFAULT false",
    };
    vec![format!("ALTER TABLE users ADD COLUMN second_factor {none}")]
}

fn credentials(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let credentials = Table::create()
        .table("credentials")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.text("kind"))
        .col(columns.text("secret"))
        .col(columns.time("changed_at"))
        .foreign_key(
            ForeignKey::create().name("credentials_user").from("credentials", "user_id").to("users", "id"),
        )
        .take();
    let of_user = Index::create()
        .unique()
        .name("credentials_user_kind")
        .table("credentials")
        .col("user_id")
        .col("kind")
        .take();
    vec![migrate::table(dialect, &credentials), migrate::index(dialect, &of_user)]
}
