use crate::Error;
use crate::model::{ByEmail, Client, ClientFields, ClientFilter, ClientSort};
use db::{Reads, Stamp, Tx};
use ids::{ClientId, FirmId};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, LockType, Order, Value};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryTrait, Select};
use uuid::Uuid;
use web::{Page, Sort};

mod client {
    use db::Stamp;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "clients")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) firm_id: Uuid,
        pub(super) number: String,
        pub(super) name: String,
        pub(super) name_key: String,
        pub(super) kind: String,
        pub(super) status: String,
        pub(super) email: Option<String>,
        pub(super) phone: Option<String>,
        pub(super) address: Option<String>,
        pub(super) notes: Option<String>,
        pub(super) version: i64,
        pub(super) created_at: Stamp,
        pub(super) updated_at: Stamp,
    }

    impl db::FromRow for Model {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self {
                id: row.get("id")?,
                firm_id: row.get("firm_id")?,
                number: row.get("number")?,
                name: row.get("name")?,
                name_key: row.get("name_key")?,
                kind: row.get("kind")?,
                status: row.get("status")?,
                email: row.get("email")?,
                phone: row.get("phone")?,
                address: row.get("address")?,
                notes: row.get("notes")?,
                version: row.get("version")?,
                created_at: row.get("created_at")?,
                updated_at: row.get("updated_at")?,
            })
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const NEXT_NUMBER: &str = "INSERT INTO client_numbering (firm_id, last_seq) VALUES ($1, 1) \
                           ON CONFLICT (firm_id) DO UPDATE SET last_seq = client_numbering.last_seq + 1";

const LAST_NUMBER: &str = "SELECT last_seq FROM client_numbering WHERE firm_id = $1";

const INSERT: &str = "INSERT INTO clients (firm_id, id, number, name, name_key, kind, status, email, phone, address, \
                      notes, version, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

const UPDATE: &str = "UPDATE clients SET name = $3, name_key = $4, kind = $5, status = $6, email = $7, phone = $8, \
                      address = $9, notes = $10, version = $11, updated_at = $12 \
                      WHERE firm_id = $1 AND id = $2 AND version = $13";

const DELETE: &str = "DELETE FROM clients WHERE firm_id = $1 AND id = $2 AND version = $3";

/// The next running number of the firm, from 1. The row stays locked until the transaction ends.
pub(crate) async fn next_number(tx: &mut Tx, firm: FirmId) -> Result<i64, Error> {
    // Not `RETURNING`: SQLite makes a table of its own for its rows, and copies of the pages that it changes.
    tx.run(db::sql(tx.dialect(), NEXT_NUMBER, [Uuid::from(firm).into()])).await?;
    let rows = tx.rows(db::sql(tx.dialect(), LAST_NUMBER, [Uuid::from(firm).into()])).await?;
    match rows.first() {
        Some(row) => Ok(row.at(0).map_err(db::Error::from)?),
        None => Err(db::Error::Closed.into()),
    }
}

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, client: &Client) -> Result<(), Error> {
    let mut values = vec![
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(client.id)),
        Value::from(client.number.as_str()),
    ];
    values.extend(field_values(&client.fields));
    values.extend([
        Value::from(client.version),
        Value::from(Stamp(client.created_at)),
        Value::from(Stamp(client.updated_at)),
    ]);
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Saves the state that follows `seen`. Another state in between is [`Error::Stale`].
pub(crate) async fn save(tx: &mut Tx, firm: FirmId, client: &Client, seen: i64) -> Result<(), Error> {
    let mut values = vec![Value::from(Uuid::from(firm)), Value::from(Uuid::from(client.id))];
    values.extend(field_values(&client.fields));
    values.extend([Value::from(client.version), Value::from(Stamp(client.updated_at)), Value::from(seen)]);
    match tx.run(db::sql(tx.dialect(), UPDATE, values)).await? {
        0 => Err(Error::Stale { now: client.version }),
        _ => Ok(()),
    }
}

pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, client: &Client) -> Result<(), Error> {
    let values = [Uuid::from(firm).into(), Uuid::from(client.id).into(), Value::from(client.version)];
    match tx.run(db::sql(tx.dialect(), DELETE, values)).await {
        Ok(0) => Err(Error::Stale { now: client.version + 1 }),
        Ok(_) => Ok(()),
        Err(db::Error::Violation(db::Violation::Reference)) => Err(Error::InUse(client.id)),
        Err(error) => Err(error.into()),
    }
}

fn field_values(fields: &ClientFields) -> [Value; 8] {
    [
        Value::from(fields.name.as_str()),
        Value::from(fields.name.to_lowercase()),
        Value::from(fields.kind.as_str()),
        Value::from(fields.status.as_str()),
        Value::from(fields.email.clone()),
        Value::from(fields.phone.clone()),
        Value::from(fields.address.clone()),
        Value::from(fields.notes.clone()),
    ]
}

fn clients_of(firm: FirmId) -> Select<client::Entity> {
    client::Entity::find().filter(client::Column::FirmId.eq(Uuid::from(firm)))
}

pub(crate) async fn find(db: &impl Reads, firm: FirmId, id: ClientId) -> Result<Client, Error> {
    let query = clients_of(firm).filter(client::Column::Id.eq(Uuid::from(id))).into_query();
    match db.one::<client::Model>(&query).await? {
        Some(row) => Client::try_from(row),
        None => Err(Error::NotFound(id)),
    }
}

/// One client that nobody else changes until this transaction ends.
pub(crate) async fn find_for_change(tx: &Tx, firm: FirmId, id: ClientId) -> Result<Client, Error> {
    let mut query = clients_of(firm).filter(client::Column::Id.eq(Uuid::from(id))).into_query();
    // Those who only refer to the row need not wait. SQLite has one writer, and its builder leaves the lock out.
    query.lock(LockType::NoKeyUpdate);
    match tx.one::<client::Model>(&query).await? {
        Some(row) => Client::try_from(row),
        None => Err(Error::NotFound(id)),
    }
}

/// A page of the firm's clients, and how many the filter lets through.
pub(crate) async fn list(
    db: &impl Reads,
    firm: FirmId,
    (filter, by_email): (&ClientFilter, ByEmail),
    sort: Sort<ClientSort>,
    page: Page,
) -> Result<(Vec<Client>, u64), Error> {
    let mut query = clients_of(firm).filter(condition(filter, by_email)).into_query();
    let total = db.count(&query).await?;
    if page.offset() >= total {
        return Ok((Vec::new(), total));
    }
    let order = if sort.descending { Order::Desc } else { Order::Asc };
    let column = match sort.field {
        ClientSort::Name => client::Column::NameKey,
        ClientSort::Number => client::Column::Number,
        ClientSort::Status => client::Column::Status,
        ClientSort::CreatedAt => client::Column::CreatedAt,
        ClientSort::UpdatedAt => client::Column::UpdatedAt,
    };
    query.order_by(column, order.clone()).order_by(client::Column::Id, order).offset(page.offset());
    let rows = db.at_most::<client::Model>(&query, page.limit()).await?;
    let clients = rows.into_iter().map(Client::try_from).collect::<Result<_, _>>()?;
    Ok((clients, total))
}

fn condition(filter: &ClientFilter, by_email: ByEmail) -> Condition {
    let mut all = Condition::all();
    if let Some(status) = filter.status {
        all = all.add(client::Column::Status.eq(status.as_str()));
    }
    if let Some(kind) = filter.kind {
        all = all.add(client::Column::Kind.eq(kind.as_str()));
    }
    if let Some(text) = &filter.text {
        let part = || LikeExpr::new(part_of(text)).escape('\\');
        let lower = |column: client::Column| Expr::expr(Func::lower(Expr::col(column)));
        let email = || lower(client::Column::Email).like(part());
        all = all.add(
            Condition::any()
                .add(client::Column::NameKey.like(part()))
                .add(lower(client::Column::Number).like(part()))
                .add_option((by_email == ByEmail::Yes).then(email)),
        );
    }
    all
}

/// A `LIKE` pattern that finds `text` anywhere, with `\` before what would be a wild card.
fn part_of(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl TryFrom<client::Model> for Client {
    type Error = Error;

    fn try_from(row: client::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            number: row.number,
            fields: ClientFields {
                name: row.name,
                kind: row.kind.parse().map_err(Error::Row)?,
                status: row.status.parse().map_err(Error::Row)?,
                email: row.email,
                phone: row.phone,
                address: row.address,
                notes: row.notes,
            },
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}
