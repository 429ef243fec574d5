use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{ForeignKey, Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0020_accounts", statements: tables },
        Migration { name: "0022_users_second_factor", statements: second_factor },
    ]
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
