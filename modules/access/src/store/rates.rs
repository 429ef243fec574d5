use db::{Error, Reads as _, Tx};
use sea_orm::sea_query::Value;

/// What a server admitted of one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    pub(crate) digest: [u8; 16],
    pub(crate) cost_micros: i64,
}

/// Adds what was admitted at `now_micros` and returns, for each key, when everything that any server admitted will be paid
/// for. The shares are in the order of their keys, so that two servers never wait for each other's rows.
pub(crate) async fn add_shares(
    tx: &mut Tx,
    shares: &[Share],
    now_micros: i64,
) -> Result<Vec<([u8; 16], i64)>, Error> {
    let Some(more) = shares.len().checked_sub(1) else { return Ok(Vec::new()) };
    let places = |row: usize| format!("(${}, ${}, ${})", row * 3 + 1, row * 3 + 2, row * 3 + 3);
    let rows = (1..=more).map(places).fold(places(0), |rows, row| rows + ", " + &row);
    let text = format!(
        "INSERT INTO rate_limits (key, paid_micros, cost_micros) VALUES {rows} \
         ON CONFLICT (key) DO UPDATE SET cost_micros = excluded.cost_micros, paid_micros = CASE \
         WHEN rate_limits.paid_micros > excluded.paid_micros - excluded.cost_micros \
         THEN rate_limits.paid_micros + excluded.cost_micros ELSE excluded.paid_micros END \
         RETURNING key, paid_micros"
    );
    let values = shares.iter().flat_map(|share| {
        let paid_micros = now_micros.saturating_add(share.cost_micros);
        [Value::from(share.digest.to_vec()), Value::from(paid_micros), Value::from(share.cost_micros)]
    });
    // bounded: one row for each share.
    let rows = tx.rows(db::sql(tx.dialect(), text, values)).await?;
    let read = |row: &db::Row| {
        let digest: Vec<u8> = row.at(0)?;
        Ok((<[u8; 16]>::try_from(digest).unwrap_or_default(), row.at(1)?))
    };
    rows.iter().map(read).collect()
}

/// Forgets keys of which everything is paid for: at most 1,000 at once.
pub(crate) async fn forget_paid(tx: &mut Tx, now_micros: i64) -> Result<u64, Error> {
    let text = "DELETE FROM rate_limits WHERE key IN \
                (SELECT key FROM rate_limits WHERE paid_micros < $1 LIMIT 1000)";
    tx.run(db::sql(tx.dialect(), text, [Value::from(now_micros)])).await
}
