//! Answers given to callers' idempotency keys, to be given again.

use deadpool_postgres::Object;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Answer, StoredAnswer};

use super::batch::{Otherwise, Step};
use super::columns::columns;
use super::failure::Failure;
use super::work::Work;
use super::{commit, row};
use crate::answer_key::{KEPT, SWEPT_AT_ONCE, bucket};

columns!(NewAnswer in Answers {
    bucket: i32, tenant: String, key: String, fingerprint: String, status: i32, body: String, at: i64,
});
const INSERT: &str = "INSERT INTO answers (bucket, tenant, key, fingerprint, status, body, at)
    SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::bigint[])
    ON CONFLICT DO NOTHING RETURNING tenant || ' ' || key";

/// Remembers the answers of a batch. The first one of a key stays.
pub(super) fn steps(works: &[&Work], steps: &mut Vec<Step>) {
    let (mut step, mut answers) = (Step::new(INSERT), Answers::default());
    for (place, commit) in commit::commits(works) {
        let Some((key, answer)) = &commit.answer else { continue };
        let tenant = key.tenant.to_string();
        step.expect(format!("{tenant} {}", key.key), place, Otherwise::Conflict("idempotency key"));
        let at = commit.at.or(commit.audit.as_ref().map(|entry| entry.at));
        answers.push(NewAnswer {
            bucket: row::bucket(bucket(&tenant, &key.key)),
            tenant,
            key: key.key.clone(),
            fingerprint: key.fingerprint.clone(),
            status: i32::from(answer.status),
            body: answer.body.clone(),
            at: at.map_or(0, Timestamp::as_millis),
        });
    }
    steps.push(step.with(answers));
}

/// The answer given to a key.
pub(super) async fn find(client: &Object, tenant: &str, key: &str) -> Result<Option<StoredAnswer>, Failure> {
    let sql = "SELECT fingerprint, status, body FROM answers WHERE bucket = $1 AND tenant = $2 AND key = $3";
    let statement = client.prepare_cached(sql).await?;
    let found = client.query_opt(&statement, &[&row::bucket(bucket(tenant, key)), &tenant, &key]).await?;
    let read = |found: tokio_postgres::Row| {
        let answer = Answer { status: row::small(&found, 1)?, body: row::get(&found, 2)? };
        Ok(StoredAnswer { fingerprint: row::get(&found, 0)?, answer })
    };
    found.map(read).transpose()
}

/// Removes some answers that are old enough. Returns how many; none when there are no more.
pub(super) async fn sweep(client: &Object, now: Timestamp) -> Result<u64, Failure> {
    let sql = "DELETE FROM answers a USING
                   (SELECT bucket, tenant, key FROM answers WHERE at < $1 ORDER BY at LIMIT $2) old
               WHERE a.bucket = old.bucket AND a.tenant = old.tenant AND a.key = old.key";
    Ok(client.execute(sql, &[&now.minus(KEPT).as_millis(), &SWEPT_AT_ONCE]).await?)
}
