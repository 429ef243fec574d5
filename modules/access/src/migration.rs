use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0002_rate_limits", statements: rate_limits },
        Migration { name: "0010_access", statements: tables },
        Migration { name: "0033_access_walls", statements: walls },
        Migration { name: "0035_access_grants", statements: grants },
        Migration { name: "0064_access_teams", statements: teams },
        Migration { name: "0065_access_case_teams", statements: case_teams },
        Migration { name: "0067_access_approvals", statements: approvals },
        Migration { name: "0069_access_custom_roles", statements: custom_roles },
    ]
}

/// Whom a wall keeps from a case. None of these tables refers to another one: a case or a user belongs to a module above.
/// `wall_screens` names users one by one; `wall_closures` closes a case to everybody but those in `wall_admissions`.
/// `firm_policies` has one row for each firm that ever had a wall: how often its walls changed.
fn walls(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let screens = Table::create()
        .table("wall_screens")
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.id("case_id"))
        .col(columns.id("wall_id"))
        .primary_key(Index::create().col("firm_id").col("user_id").col("case_id").col("wall_id"))
        .take();
    let closures = Table::create()
        .table("wall_closures")
        .col(columns.firm())
        .col(columns.id("case_id"))
        .col(columns.id("wall_id"))
        .primary_key(Index::create().col("firm_id").col("case_id").col("wall_id"))
        .take();
    let admissions = Table::create()
        .table("wall_admissions")
        .col(columns.firm())
        .col(columns.id("wall_id"))
        .col(columns.id("user_id"))
        .primary_key(Index::create().col("firm_id").col("wall_id").col("user_id"))
        .take();
    let policies = Table::create()
        .table("firm_policies")
        .col(columns.firm().primary_key())
        .col(columns.int("walls"))
        .take();
    let of_wall = Index::create()
        .name("wall_screens_wall")
        .table("wall_screens")
        .col("firm_id")
        .col("wall_id")
        .col("user_id")
        .take();
    let mut statements =
        [screens, closures, admissions, policies].map(|table| migrate::table(dialect, &table)).to_vec();
    statements.push(migrate::index(dialect, &of_wall));
    statements.push(format!("ALTER TABLE idempotency_keys ADD COLUMN walls {}", whole_number(dialect)));
    statements
}

/// `rate_limits` has no `firm_id`: who asks too often is known before anybody knows whose they are, and an address belongs to
/// no firm.
fn rate_limits(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let limits = Table::create()
        .table("rate_limits")
        .col(columns.bytes("key").primary_key())
        .col(columns.int("paid_micros"))
        .col(columns.int("cost_micros"))
        .take();
    let by_time =
        Index::create().name("rate_limits_paid_micros").table("rate_limits").col("paid_micros").take();
    vec![migrate::table(dialect, &limits), migrate::index(dialect, &by_time)]
}

/// `idempotency_keys` has no `firm_id`: its scope is a user's id, which belongs to one firm.
fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let keys = Table::create()
        .table("idempotency_keys")
        .col(columns.text("scope"))
        .col(columns.text("key"))
        .col(columns.bytes("fingerprint"))
        .col(columns.time("created_at"))
        .col(columns.flag("done"))
        .col(columns.opt_int("status"))
        .col(columns.opt_json("headers"))
        .col(columns.opt_bytes("body"))
        .primary_key(Index::create().col("scope").col("key"))
        .take();
    let by_age = Index::create()
        .name("idempotency_keys_created_at")
        .table("idempotency_keys")
        .col("created_at")
        .take();
    vec![migrate::table(dialect, &keys), migrate::index(dialect, &by_age)]
}

/// The type of a whole number of 64 bits.
fn whole_number(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "integer",
        Dialect::Postgres => "bigint",
    }
}

/// Grants beside the roles. `subject` is a role's name or a user's id.
fn grants(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let grants = Table::create()
        .table("permission_grants")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.text("subject_kind"))
        .col(columns.text("subject"))
        .col(columns.text("action"))
        .col(columns.text("effect"))
        .col(columns.json("conditions"))
        .col(columns.text("reason"))
        .col(columns.id("granted_by"))
        .col(columns.time("granted_at"))
        .col(columns.opt_id("revoked_by"))
        .col(columns.opt_time("revoked_at"))
        .col(columns.opt_text("revoke_reason"))
        .take();
    let of_subject = Index::create()
        .name("permission_grants_subject")
        .table("permission_grants")
        .col("firm_id")
        .col("subject_kind")
        .col("subject")
        .col("granted_at")
        .col("id")
        .take();
    vec![
        migrate::table(dialect, &grants),
        migrate::index(dialect, &of_subject),
        format!("ALTER TABLE firm_policies ADD COLUMN grants {} NOT NULL DEFAULT 0", whole_number(dialect)),
    ]
}

/// Teams, who is in them, and what users lend to each other. `name_key` is the name in lower case.
fn teams(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let teams = Table::create()
        .table("teams")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.text("name"))
        .col(columns.text("name_key"))
        .col(columns.opt_text("description"))
        .col(columns.int("members"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .take();
    let by_name =
        Index::create().name("teams_name").table("teams").col("firm_id").col("name_key").unique().take();
    let members = Table::create()
        .table("team_members")
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.id("team_id"))
        .primary_key(Index::create().col("firm_id").col("user_id").col("team_id"))
        .take();
    let of_team = Index::create()
        .name("team_members_team")
        .table("team_members")
        .col("firm_id")
        .col("team_id")
        .col("user_id")
        .take();
    let mut statements = vec![
        migrate::table(dialect, &teams),
        migrate::index(dialect, &by_name),
        migrate::table(dialect, &members),
        migrate::index(dialect, &of_team),
    ];
    statements.extend(delegations(dialect));
    statements
}

/// Who has which role on which case. Neither refers to a table, as with walls: a case and a user belong to modules above.
/// `departures` counts how often somebody came to see less of a case.
fn case_teams(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let members = Table::create()
        .table("case_members")
        .col(columns.firm())
        .col(columns.id("case_id"))
        .col(columns.id("user_id"))
        .col(columns.text("role"))
        .col(columns.id("added_by"))
        .col(columns.time("added_at"))
        .primary_key(Index::create().col("firm_id").col("case_id").col("user_id"))
        .take();
    let of_user = Index::create()
        .name("case_members_user")
        .table("case_members")
        .col("firm_id")
        .col("user_id")
        .col("role")
        .col("case_id")
        .take();
    vec![
        migrate::table(dialect, &members),
        migrate::index(dialect, &of_user),
        format!(
            "ALTER TABLE firm_policies ADD COLUMN departures {} NOT NULL DEFAULT 0",
            whole_number(dialect)
        ),
    ]
}

fn delegations(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let delegations = Table::create()
        .table("delegations")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("lender_id"))
        .col(columns.text("lender_role"))
        .col(columns.id("delegate_id"))
        .col(columns.json("actions"))
        .col(columns.time("starts_at"))
        .col(columns.time("ends_at"))
        .col(columns.text("reason"))
        .col(columns.id("made_by"))
        .col(columns.time("made_at"))
        .col(columns.opt_id("ended_by"))
        .col(columns.opt_time("ended_at"))
        .take();
    let of = |column: &'static str, name: &'static str| {
        let index =
            Index::create().name(name).table("delegations").col("firm_id").col(column).col("ends_at").take();
        migrate::index(dialect, &index)
    };
    vec![
        migrate::table(dialect, &delegations),
        of("delegate_id", "delegations_delegate"),
        of("lender_id", "delegations_lender"),
    ]
}

/// What users ask others to approve. `over_at` is up to when it may be answered, and then up to when it counts.
fn approvals(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let approvals = Table::create()
        .table("approvals")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.id("grant_id"))
        .col(columns.text("action"))
        .col(columns.text("approver_role"))
        .col(columns.text("reason"))
        .col(columns.time("asked_at"))
        .col(columns.time("over_at"))
        .col(columns.opt_id("ruled_by"))
        .col(columns.opt_time("ruled_at"))
        .col(columns.opt_text("ruling"))
        .col(columns.opt_text("ruling_reason"))
        .col(columns.opt_id("ended_by"))
        .col(columns.opt_time("ended_at"))
        .take();
    let of_user = Index::create()
        .name("approvals_user")
        .table("approvals")
        .col("firm_id")
        .col("user_id")
        .col("over_at")
        .take();
    let of_firm =
        Index::create().name("approvals_over").table("approvals").col("firm_id").col("over_at").take();
    vec![
        migrate::table(dialect, &approvals),
        migrate::index(dialect, &of_user),
        migrate::index(dialect, &of_firm),
    ]
}

/// Roles that firms have made, and who has one: nobody has more than one. `base` is the name of the built-in role that it
/// builds on, which is in the user's row as well.
fn custom_roles(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let roles = Table::create()
        .table("custom_roles")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.text("name"))
        .col(columns.text("base"))
        .col(columns.opt_text("description"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .take();
    let by_name = Index::create()
        .name("custom_roles_name")
        .table("custom_roles")
        .col("firm_id")
        .col("name")
        .unique()
        .take();
    let holders = Table::create()
        .table("custom_role_holders")
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.id("role_id"))
        .primary_key(Index::create().col("firm_id").col("user_id"))
        .take();
    let of_role = Index::create()
        .name("custom_role_holders_role")
        .table("custom_role_holders")
        .col("firm_id")
        .col("role_id")
        .col("user_id")
        .take();
    vec![
        migrate::table(dialect, &roles),
        migrate::index(dialect, &by_name),
        migrate::table(dialect, &holders),
        migrate::index(dialect, &of_role),
    ]
}
