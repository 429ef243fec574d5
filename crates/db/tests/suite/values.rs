//! Values go in and come out as what they were, on both databases.

use crate::databases::{Place, on_both};
use crate::notes::{add, with_notes};
use chrono::NaiveDate;
use db::migrate::table;
use db::{Error, Reads, Stamp, sql};
use sea_orm::JsonValue;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, Table, Value};
use uuid::Uuid;

#[derive(Debug, PartialEq)]
struct Thing {
    id: Uuid,
    opt_text: Option<String>,
    flag: bool,
    number: i64,
    day: NaiveDate,
    at: Stamp,
    opt_bytes: Option<Vec<u8>>,
    data: JsonValue,
}

impl db::FromRow for Thing {
    fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
        Ok(Self {
            id: row.get("id")?,
            opt_text: row.get("opt_text")?,
            flag: row.get("flag")?,
            number: row.get("number")?,
            day: row.get("day")?,
            at: row.get("at")?,
            opt_bytes: row.get("opt_bytes")?,
            data: row.get("data")?,
        })
    }
}

async fn with_things(place: &Place) {
    let column = place.db.dialect().columns();
    let things = Table::create()
        .table(Alias::new("things"))
        .col(column.key())
        .col(column.opt_text("opt_text"))
        .col(column.flag("flag"))
        .col(column.int("number"))
        .col(column.date("day"))
        .col(column.time("at"))
        .col(column.opt_bytes("opt_bytes"))
        .col(column.json("data"))
        .take();
    let mut tx = place.db.writer().begin().await.unwrap();
    let create = table(place.db.dialect(), &things);
    tx.run(sql(place.db.dialect(), create, [])).await.unwrap();
    tx.commit().await.unwrap();
}

fn things() -> [Thing; 2] {
    let full = Thing {
        id: Uuid::from_u128(7),
        opt_text: Some("naïve $1 ? 'quoted'".to_owned()),
        flag: true,
        number: i64::MIN,
        day: NaiveDate::from_ymd_opt(2026, 2, 28).unwrap(),
        at: Stamp(crate::notes::noon()),
        opt_bytes: Some(vec![0, 255, 0]),
        data: serde_json::json!({"a": [1, null, "b"]}),
    };
    let bare = Thing {
        id: Uuid::nil(),
        opt_text: None,
        flag: false,
        number: 0,
        opt_bytes: None,
        data: JsonValue::Null,
        ..things_at(full.day, full.at)
    };
    [bare, full]
}

fn things_at(day: NaiveDate, at: Stamp) -> Thing {
    let data = JsonValue::Null;
    Thing { id: Uuid::nil(), opt_text: None, flag: false, number: 0, day, at, opt_bytes: None, data }
}

#[tokio::test]
async fn every_kind_of_value_comes_out_as_it_went_in() {
    on_both(async |place| {
        with_things(place).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        for thing in things() {
            // The place holders stand in another order than the values.
            let insert = "INSERT INTO things (data, id, opt_text, flag, number, day, at, opt_bytes) \
                          VALUES ($8, $1, $2, $3, $4, $5, $6, $7)";
            let values = [
                Value::from(thing.id),
                Value::from(thing.opt_text),
                Value::from(thing.flag),
                Value::from(thing.number),
                Value::from(thing.day),
                Value::from(thing.at),
                Value::from(thing.opt_bytes),
                Value::from(thing.data),
            ];
            assert_eq!(tx.run(sql(tx.dialect(), insert, values)).await.unwrap(), 1);
        }
        tx.commit().await.unwrap();
        let mut all = Query::select();
        all.expr(Expr::cust("*")).from(Alias::new("things")).order_by(Alias::new("id"), sea_orm::Order::Asc);
        let found = place.db.reader().at_most::<Thing>(&all, 10).await.unwrap();
        assert_eq!(found, things());
    })
    .await;
}

#[tokio::test]
async fn a_column_read_as_another_kind_names_itself() {
    on_both(async |place| {
        let text = "SELECT 'x' AS title, NULL AS absence";
        let rows = place.db.reader().rows(sql(place.db.dialect(), text, [])).await.unwrap();
        let row = rows.first().unwrap();
        assert_eq!(row.get::<String>("title").unwrap(), "x");
        assert!(row.get::<i64>("title").unwrap_err().to_string().contains("`title`"));
        assert!(row.get::<Uuid>("title").is_err() && row.get::<bool>("title").is_err());
        assert!(row.get::<String>("absence").is_err(), "null only as an option");
        assert_eq!(row.get::<Option<String>>("absence").unwrap(), None);
        assert!(row.get::<String>("absent").unwrap_err().to_string().contains("is not there"));
        assert!(row.at::<String>(2).is_err());
    })
    .await;
}

/// A fixed statement numbers its place holders; the query builder writes bare ones on SQLite.
#[tokio::test]
async fn place_holders_with_and_without_numbers_take_their_values() {
    on_both(async |place| {
        with_notes(&place.db).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        add(&mut tx, 1, "one").await.unwrap();
        let twice = "INSERT INTO notes (id, title, parent) VALUES ($2, '$1 ' || $1, $2)";
        let values = [Value::from("two"), Value::from(2_i64)];
        tx.run(sql(tx.dialect(), twice, values)).await.unwrap();
        let mut rename = Query::update();
        rename.table(Alias::new("notes")).value(Alias::new("title"), "uno?");
        rename.and_where(Expr::col(Alias::new("id")).eq(1_i64));
        assert_eq!(tx.execute(&rename).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let list = "SELECT title, parent FROM notes ORDER BY id";
        let rows = place.db.reader().rows(sql(place.db.dialect(), list, [])).await.unwrap();
        let titles: Vec<(String, Option<i64>)> =
            rows.iter().map(|row| (row.at(0).unwrap(), row.at(1).unwrap())).collect();
        assert_eq!(titles, [("uno?".to_owned(), None), ("$1 two".to_owned(), Some(2))]);
    })
    .await;
}

#[tokio::test]
async fn too_few_values_are_refused_and_nothing_is_bound_by_chance() {
    on_both(async |place| {
        let text = "SELECT CAST($1 AS text), CAST($2 AS text)";
        let statement = sql(place.db.dialect(), text, [Value::from("only one")]);
        let error = place.db.reader().rows(statement).await.unwrap_err();
        assert!(matches!(error, Error::Statement(_)), "{error:?}");
    })
    .await;
}
