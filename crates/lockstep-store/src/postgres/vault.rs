//! Vault items and the wrapped keys that open them. Everything here is encrypted before it comes in.

use deadpool_postgres::Object;
use lockstep_core::id::{BorrowerId, VaultItemId};

use super::batch::{Otherwise, Step};
use super::columns::columns;
use super::failure::Failure;
use super::work::Work;
use super::{commit, row};
use crate::erased_key::hash;

columns!(NewKey in NewKeys { bucket: i32, borrower_id: String, wrapped_key: String, key_hash: String });
/// A key that was destroyed meanwhile doesn't come back.
const INSERT_KEYS: &str = "INSERT INTO data_keys (bucket, borrower_id, wrapped_key)
    SELECT n.bucket, n.borrower_id, n.wrapped_key
    FROM unnest($1::int[], $2::text[], $3::text[], $4::text[]) AS n (bucket, borrower_id, wrapped_key, key_hash)
    WHERE NOT EXISTS (SELECT 1 FROM erased_keys e WHERE e.bucket = n.bucket AND e.borrower_id = n.borrower_id
                                                    AND e.key_hash = n.key_hash)
    ON CONFLICT DO NOTHING";

columns!(Held in HeldKeys { bucket: i32, borrower_id: String });
/// Held until the end, so that no erasure comes between.
const HOLD_KEYS: &str = "SELECT k.borrower_id || ' ' || k.wrapped_key FROM data_keys k
    JOIN unnest($1::int[], $2::text[]) AS n (bucket, borrower_id)
      ON k.bucket = n.bucket AND k.borrower_id = n.borrower_id
    FOR SHARE OF k";

columns!(NewItem in NewItems { bucket: i32, id: String, borrower_id: String, bytes: Vec<u8> });
const INSERT_ITEMS: &str = "INSERT INTO vault_items (bucket, id, borrower_id, bytes)
    SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[])
    ON CONFLICT DO NOTHING RETURNING id";

/// Stores the items of a batch, and each borrower's key if the borrower has none yet.
///
/// An item sealed under another key than the stored one could never be opened again, so it is refused as a lost race:
/// the caller loads the stored key and seals again.
pub(super) fn steps(works: &[&Work], steps: &mut Vec<Step>) {
    let (mut keys, mut held, mut items) = (NewKeys::default(), HeldKeys::default(), NewItems::default());
    let (mut hold, mut insert) = (Step::new(HOLD_KEYS), Step::new(INSERT_ITEMS));
    for (place, commit) in commit::commits(works) {
        for sealed in &commit.sealed {
            let (bucket, borrower_id) = (row::bucket(sealed.borrower.bucket()), sealed.borrower.to_string());
            let wrapped_key = sealed.wrapped_key.clone();
            hold.expect(format!("{borrower_id} {wrapped_key}"), place, Otherwise::Conflict("data key"));
            held.push(Held { bucket, borrower_id: borrower_id.clone() });
            let key_hash = hash(&wrapped_key);
            keys.push(NewKey { bucket, borrower_id: borrower_id.clone(), wrapped_key, key_hash });
            let id = sealed.item.to_string();
            insert.expect(id.clone(), place, Otherwise::Conflict("vault item"));
            items.push(NewItem { bucket, id, borrower_id, bytes: sealed.bytes.clone() });
        }
    }
    steps.push(Step::new(INSERT_KEYS).with(keys));
    steps.push(hold.with(held));
    steps.push(insert.with(items));
}

/// A borrower's wrapped key.
pub(super) async fn wrapped_key(client: &Object, borrower: BorrowerId) -> Result<Option<String>, Failure> {
    let sql = "SELECT wrapped_key FROM data_keys WHERE bucket = $1 AND borrower_id = $2";
    let statement = client.prepare_cached(sql).await?;
    let found =
        client.query_opt(&statement, &[&row::bucket(borrower.bucket()), &borrower.to_string()]).await?;
    found.map(|found| row::get(&found, 0)).transpose()
}

/// An item with the wrapped key that opens it; `None` also when the key was destroyed.
pub(super) async fn item(
    client: &Object,
    borrower: BorrowerId,
    item: VaultItemId,
) -> Result<Option<(String, Vec<u8>)>, Failure> {
    let sql = "SELECT k.wrapped_key, i.bytes FROM vault_items i
               JOIN data_keys k ON k.bucket = i.bucket AND k.borrower_id = i.borrower_id
               WHERE i.bucket = $1 AND i.id = $2 AND i.borrower_id = $3";
    let statement = client.prepare_cached(sql).await?;
    let bucket = row::bucket(item.bucket());
    let found = client.query_opt(&statement, &[&bucket, &item.to_string(), &borrower.to_string()]).await?;
    found.map(|found| Ok((row::get(&found, 0)?, row::get(&found, 1)?))).transpose()
}

/// Puts the same key, wrapped by another master key, in its place; whether the old one was still there.
pub(super) async fn rewrap(
    client: &Object,
    borrower: BorrowerId,
    old: &str,
    new: &str,
) -> Result<bool, Failure> {
    let sql =
        "UPDATE data_keys SET wrapped_key = $4 WHERE bucket = $1 AND borrower_id = $2 AND wrapped_key = $3";
    let bucket = row::bucket(borrower.bucket());
    Ok(client.execute(sql, &[&bucket, &borrower.to_string(), &old, &new]).await? == 1)
}

/// Some wrapped keys after a borrower's, to be wrapped again.
pub(super) async fn wrapped_keys(
    client: &Object,
    after: Option<BorrowerId>,
    limit: usize,
) -> Result<Vec<(BorrowerId, String)>, Failure> {
    let sql = "SELECT borrower_id, wrapped_key FROM data_keys
               WHERE (bucket, borrower_id) > ($1, $2) ORDER BY bucket, borrower_id LIMIT $3";
    let bucket = after.map_or(-1, |id| row::bucket(id.bucket()));
    let id = after.map(|id| id.to_string()).unwrap_or_default();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = client.query(sql, &[&bucket, &id, &limit]).await?;
    row::all(&found, |found| Ok((row::id(found, 0)?, row::get(found, 1)?)))
}

/// Destroys a borrower's key, and with it everything it opens; whether there was one.
pub(super) async fn erase(client: &mut Object, borrower: BorrowerId) -> Result<bool, Failure> {
    let (bucket, id) = (row::bucket(borrower.bucket()), borrower.to_string());
    let work = client.transaction().await?;
    let sql = "DELETE FROM data_keys WHERE bucket = $1 AND borrower_id = $2 RETURNING wrapped_key";
    let Some(gone) = work.query_opt(sql, &[&bucket, &id]).await? else { return Ok(false) };
    let sql =
        "INSERT INTO erased_keys (bucket, borrower_id, key_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    work.execute(sql, &[&bucket, &id, &hash(row::get(&gone, 0)?)]).await?;
    work.execute("DELETE FROM vault_items WHERE bucket = $1 AND borrower_id = $2", &[&bucket, &id]).await?;
    work.commit().await?;
    Ok(true)
}
