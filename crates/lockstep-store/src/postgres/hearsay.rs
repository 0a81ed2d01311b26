//! What nodes tell each other about channels.

use std::collections::BTreeMap;

use deadpool_postgres::Object;
use lockstep_core::fleet::NodeNo;
use lockstep_core::health::Hearsay;

use super::failure::Failure;
use super::row;

/// What is older says nothing about now; a node that has just joined hears this much.
const HEARD_FOR_MS: i64 = 600_000;
const KEPT_FOR_MS: i64 = 3_600_000;
/// The server's clock, as the rows have it.
const NOW: &str = "(extract(epoch FROM now()) * 1000)::bigint";

/// Writes down what a node has to tell, from its `first`-th word on.
pub(super) async fn tell(client: &Object, me: NodeNo, first: i64, told: &[Hearsay]) -> Result<(), Failure> {
    if told.is_empty() {
        return Ok(());
    }
    let (seqs, bodies): (Vec<i64>, Vec<String>) = (first..)
        .zip(told)
        .map(|(seq, one)| Ok((seq, serde_json::to_string(one)?)))
        .collect::<Result<Vec<_>, Failure>>()?
        .into_iter()
        .unzip();
    let sql = "INSERT INTO health_news (number, seq, body)
               SELECT $1, seq, body FROM unnest($2::bigint[], $3::text[]) AS n (seq, body) ON CONFLICT DO NOTHING";
    client.execute(sql, &[&me.0, &seqs, &bodies]).await?;
    let old = format!("DELETE FROM health_news WHERE at < {NOW} - {KEPT_FOR_MS}");
    client.execute(&old, &[]).await?;
    Ok(())
}

/// What the others have told since `heard`. A word of a newer program that can't be read is passed over.
pub(super) async fn hear(
    client: &Object,
    me: NodeNo,
    heard: &mut BTreeMap<i64, i64>,
) -> Result<Vec<Hearsay>, Failure> {
    let sql = format!(
        "SELECT number, seq, body FROM health_news WHERE at > {NOW} - {HEARD_FOR_MS} AND number <> $1
         ORDER BY at, number, seq"
    );
    let statement = client.prepare_cached(&sql).await?;
    let mut news = Vec::new();
    for found in client.query(&statement, &[&me.0]).await? {
        let (number, seq): (i64, i64) = (row::get(&found, 0)?, row::get(&found, 1)?);
        if heard.get(&number).is_some_and(|last| seq <= *last) {
            continue;
        }
        heard.insert(number, seq);
        news.extend(row::json(&found, 2).ok());
    }
    Ok(news)
}
