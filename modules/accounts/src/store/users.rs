use crate::model::{Direction, Email, Filter, Sort};
use crate::{Error, User};
use access::Role;
use clock::Timestamp;
use db::{FromRow as _, Reads, Stamp, Tx};
use ids::{FirmId, UserId};
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr, LockType, Order, Value};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

mod row {
    use db::Stamp;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) firm_id: Uuid,
        pub(super) email: String,
        pub(super) first_name: String,
        pub(super) last_name: String,
        pub(super) search_text: String,
        pub(super) role: String,
        pub(super) active: bool,
        pub(super) second_factor: bool,
        pub(super) version: i64,
        pub(super) created_at: Stamp,
        pub(super) updated_at: Stamp,
        pub(super) last_login_at: Option<Stamp>,
        pub(super) signed_out_at: Option<Stamp>,
    }

    impl db::FromRow for Model {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self {
                id: row.get("id")?,
                firm_id: row.get("firm_id")?,
                email: row.get("email")?,
                first_name: row.get("first_name")?,
                last_name: row.get("last_name")?,
                search_text: row.get("search_text")?,
                role: row.get("role")?,
                active: row.get("active")?,
                second_factor: row.get("second_factor")?,
                version: row.get("version")?,
                created_at: row.get("created_at")?,
                updated_at: row.get("updated_at")?,
                last_login_at: row.get("last_login_at")?,
                signed_out_at: row.get("signed_out_at")?,
            })
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const INSERT: &str = "INSERT INTO users (id, firm_id, email, first_name, last_name, search_text, role, active, \
                      version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const FIND: &str = "SELECT id, firm_id, email, first_name, last_name, search_text, role, active, second_factor, version, \
                    created_at, updated_at, last_login_at, signed_out_at FROM users WHERE firm_id = $1 AND id = $2";
const OF_EMAIL: &str = "SELECT id, firm_id, email, first_name, last_name, search_text, role, active, second_factor, version, \
                        created_at, updated_at, last_login_at, signed_out_at FROM users WHERE email = $1";
const SAVE: &str = "UPDATE users SET first_name = $4, last_name = $5, search_text = $6, role = $7, active = $8, \
                    version = $9, updated_at = $10, signed_out_at = $11 \
                    WHERE firm_id = $1 AND id = $2 AND version = $3";
const SIGN_OUT: &str = "UPDATE users SET signed_out_at = $3, updated_at = $3, version = version + 1 WHERE firm_id = $1 AND id = $2";
const SET_SECOND_FACTOR: &str = "UPDATE users SET second_factor = $3, updated_at = $4, version = version + 1 \
                                 WHERE firm_id = $1 AND id = $2 AND second_factor <> $3";
const SIGNED_IN: &str = "UPDATE users SET last_login_at = $4 WHERE firm_id = $1 AND id = $2 AND active = $3";

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, user: &User) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(user.id)),
        Value::from(Uuid::from(firm)),
        Value::from(user.email.as_str()),
        Value::from(user.first_name.as_str()),
        Value::from(user.last_name.as_str()),
        Value::from(user.search_text()),
        Value::from(user.role.as_str()),
        Value::from(user.active),
        Value::from(user.version),
        Value::from(Stamp(user.created_at)),
        Value::from(Stamp(user.updated_at)),
    ];
    match tx.run(db::sql(tx.dialect(), INSERT, values)).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_duplicate_of("users", "email") => Err(Error::EmailTaken),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn find(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Option<User>, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    let rows = db.rows(db::sql(db.dialect(), FIND, values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Who signs in with an address. Knows no firm: the address names one user on the whole server.
pub(crate) async fn of_email(db: &impl Reads, email: &Email) -> Result<Option<User>, Error> {
    let rows = db.rows(db::sql(db.dialect(), OF_EMAIL, [Value::from(email.as_str())])).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// One user whom nobody else changes until this transaction ends.
pub(crate) async fn find_for_change(tx: &Tx, firm: FirmId, id: UserId) -> Result<Option<User>, Error> {
    let mut query = row::Entity::find()
        .filter(row::Column::FirmId.eq(Uuid::from(firm)))
        .filter(row::Column::Id.eq(Uuid::from(id)))
        .into_query();
    // Those who only refer to the row need not wait. SQLite has one writer, and its builder leaves the lock out.
    query.lock(LockType::NoKeyUpdate);
    let found = tx.one::<row::Model>(&query).await?;
    Ok(found.map(user).transpose().map_err(db::Error::from)?)
}

/// Writes what a change may touch, if the row is still the one before the change.
pub(crate) async fn save(tx: &mut Tx, firm: FirmId, user: &User) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user.id)),
        Value::from(user.version - 1),
        Value::from(user.first_name.as_str()),
        Value::from(user.last_name.as_str()),
        Value::from(user.search_text()),
        Value::from(user.role.as_str()),
        Value::from(user.active),
        Value::from(user.version),
        Value::from(Stamp(user.updated_at)),
        Value::from(user.signed_out_at.map(Stamp)),
    ];
    let touched = tx.run(db::sql(tx.dialect(), SAVE, values)).await?;
    if touched == 1 { Ok(()) } else { Err(Error::Stale) }
}

/// Ends every login that the user has begun up to now.
pub(crate) async fn sign_out(tx: &mut Tx, firm: FirmId, user: UserId, now: Timestamp) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), SIGN_OUT, values)).await?;
    Ok(())
}

/// Notes whether the user has a second factor. `false` when it was noted so before.
pub(crate) async fn set_second_factor(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    present: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(present),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), SET_SECOND_FACTOR, values)).await? == 1)
}

/// Notes a sign-in. `false` when the user is not active any more.
pub(crate) async fn signed_in(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(true),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), SIGNED_IN, values)).await? == 1)
}

/// How many active users of `roles` the firm has beside `user`.
pub(crate) async fn others_active(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    roles: &[Role],
) -> Result<u64, Error> {
    let query = row::Entity::find()
        .filter(row::Column::FirmId.eq(Uuid::from(firm)))
        .filter(row::Column::Id.ne(Uuid::from(user)))
        .filter(row::Column::Active.eq(true))
        .filter(row::Column::Role.is_in(roles.iter().map(|role| role.as_str())))
        .into_query();
    Ok(db.count(&query).await?)
}

/// Active users of `roles`: at most 1,000.
pub(crate) async fn active_in_roles(
    db: &impl Reads,
    firm: FirmId,
    roles: &[Role],
) -> Result<Vec<UserId>, Error> {
    let query = row::Entity::find()
        .filter(row::Column::FirmId.eq(Uuid::from(firm)))
        .filter(row::Column::Active.eq(true))
        .filter(row::Column::Role.is_in(roles.iter().map(|role| role.as_str())))
        .into_query();
    let users = db.at_most::<row::Model>(&query, 1000).await?;
    Ok(users.into_iter().map(|user| user.id.into()).collect())
}

/// One page of users and how many there are in all.
pub(crate) async fn page(
    db: &impl Reads,
    firm: FirmId,
    filter: &Filter,
    (sort, direction): (Sort, Direction),
    (offset, limit): (u64, u64),
) -> Result<(Vec<User>, u64), Error> {
    let mut users = row::Entity::find().filter(row::Column::FirmId.eq(Uuid::from(firm)));
    if let Some(text) = &filter.search {
        let pattern = format!("%{}%", escaped(&text.to_lowercase()));
        let contains = Expr::col(row::Column::SearchText).like(LikeExpr::new(pattern).escape('\\'));
        users = users.filter(contains);
    }
    if let Some(role) = filter.role {
        users = users.filter(row::Column::Role.eq(role.as_str()));
    }
    if let Some(active) = filter.active {
        users = users.filter(row::Column::Active.eq(active));
    }
    let total = db.count(&users.clone().into_query()).await?;
    let order = match direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    users = match sort {
        Sort::LastName => users
            .order_by(row::Column::LastName, order.clone())
            .order_by(row::Column::FirstName, order.clone()),
        Sort::FirstName => users.order_by(row::Column::FirstName, order.clone()),
        Sort::Email => users.order_by(row::Column::Email, order.clone()),
        Sort::Role => users.order_by(row::Column::Role, order.clone()),
        Sort::CreatedAt => users.order_by(row::Column::CreatedAt, order.clone()),
    };
    let query = users.order_by(row::Column::Id, order).offset(offset).into_query();
    let rows = db.at_most::<row::Model>(&query, limit).await?;
    let users = rows.into_iter().map(user).collect::<Result<_, _>>().map_err(db::Error::from)?;
    Ok((users, total))
}

/// A text with the wildcards of `LIKE` taken literally.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

pub(super) fn role(row: &db::Row) -> Result<Role, db::Misread> {
    known_role(&row.get::<String>("role")?)
}

fn known_role(text: &str) -> Result<Role, db::Misread> {
    text.parse::<Role>().map_err(|error| db::Misread::new("role", error.to_string()))
}

/// A user from a row that has every column of the table.
pub(super) fn read(row: &db::Row) -> Result<User, db::Misread> {
    user(row::Model::from_row(row)?)
}

fn user(row: row::Model) -> Result<User, db::Misread> {
    Ok(User {
        id: row.id.into(),
        firm: row.firm_id.into(),
        role: known_role(&row.role)?,
        email: row.email,
        first_name: row.first_name,
        last_name: row.last_name,
        active: row.active,
        second_factor: row.second_factor,
        version: row.version,
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
        last_login_at: row.last_login_at.map(|time| time.0),
        signed_out_at: row.signed_out_at.map(|time| time.0),
    })
}
