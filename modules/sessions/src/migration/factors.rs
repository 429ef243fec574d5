use db::{Dialect, migrate};
use sea_orm::sea_query::{ForeignKey, Index, Table};

/// Second factors, sealed, and the codes that stand for one that was lost, hashed.
pub(super) fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let factors = Table::create()
        .table("second_factors")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.text("sealing_key"))
        .col(columns.bytes("sealed"))
        .col(columns.time("created_at"))
        .col(columns.opt_time("confirmed_at"))
        .col(columns.opt_int("last_step"))
        .foreign_key(
            ForeignKey::create()
                .name("second_factors_user")
                .from("second_factors", "user_id")
                .to("users", "id"),
        )
        .take();
    let of_user =
        Index::create().unique().name("second_factors_user_id").table("second_factors").col("user_id").take();
    let codes = Table::create()
        .table("recovery_codes")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.bytes("hash"))
        .col(columns.opt_time("used_at"))
        .foreign_key(
            ForeignKey::create()
                .name("recovery_codes_user")
                .from("recovery_codes", "user_id")
                .to("users", "id"),
        )
        .take();
    let by_hash = Index::create()
        .unique()
        .name("recovery_codes_user_hash")
        .table("recovery_codes")
        .col("user_id")
        .col("hash")
        .take();
    vec![
        migrate::table(dialect, &factors),
        migrate::index(dialect, &of_user),
        migrate::table(dialect, &codes),
        migrate::index(dialect, &by_hash),
    ]
}
