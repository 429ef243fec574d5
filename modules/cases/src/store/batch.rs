use crate::Error;
use db::{Reads as _, Tx};
use sea_orm::sea_query::Value;

/// How many rows go into one statement. Few sizes, so that few statements are prepared; the largest stays far below
/// the 32,766 values that one statement may bind on SQLite.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Inserts rows, many to a statement. `head` is `INSERT INTO table (columns)`; every row has `N` values.
pub(super) async fn insert<const N: usize>(
    tx: &mut Tx,
    head: &str,
    rows: Vec<[Value; N]>,
) -> Result<(), Error> {
    let mut rest = rows.into_iter();
    while rest.len() > 0 {
        let left = rest.len();
        let size = SIZES.into_iter().find(|size| *size <= left).unwrap_or(1);
        let values: Vec<Value> = rest.by_ref().take(size).flatten().collect();
        tx.run(db::sql(tx.dialect(), statement(head, size, N), values)).await?;
    }
    Ok(())
}

fn statement(head: &str, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(head.len() + 8 + rows * (2 + columns * 5));
    text.push_str(head);
    text.push_str(" VALUES ");
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            text.push_str(if column == 1 { "$" } else { ", $" });
            text.push_str(&(row * columns + column).to_string());
        }
        text.push(')');
    }
    text
}
