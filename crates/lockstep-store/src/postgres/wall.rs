//! The second wall between lenders. The first one is in every statement: `tenant = …`. Behind this one a statement that
//! forgets it finds nothing of another lender: whatever is read or set for a lender runs as the role `lockstep_tenant`, which
//! the database shows only the rows of the lender that was named for the transaction, and none when nobody was.

use deadpool_postgres::{Object, Transaction};
use futures::FutureExt;
use lockstep_core::id::TenantId;
use tokio_postgres::types::ToSql;

use super::failure::Failure;

const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL ROLE lockstep_tenant";
const ENTER: &str = "SET LOCAL ROLE lockstep_tenant";
const NAME: &str = "SELECT set_config('lockstep.tenant', $1, TRUE)";

/// Whether this connection's role can take the lender's on, and that one has its rights.
pub(super) async fn stands(client: &mut Object) -> Result<bool, Failure> {
    let work = client.transaction().await?;
    Ok(work.batch_execute(&format!("{ENTER}; SELECT 1 FROM payments LIMIT 0")).await.is_ok())
}

/// Reads behind the wall. The way in is sent ahead of the statement without waiting for it, the way out is not waited for:
/// it costs no exchange with the server.
pub(super) async fn read<T>(
    client: &Object,
    tenant: TenantId,
    read: impl AsyncFnOnce(&Object) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let tenant = tenant.to_string();
    let named: [&(dyn ToSql + Sync); 1] = [&tenant];
    let name = client.prepare_cached(NAME).await?;
    let _out = WayOut(client);
    // Polled in this order, they leave in this order. Where one fails, the server refuses those after it.
    let (entered, set, found) =
        futures::join!(client.batch_execute(BEGIN), client.query_one(&name, &named), read(client));
    entered?;
    set?;
    found
}

/// Puts a transaction that changes something for a lender behind the wall.
pub(super) async fn enter(work: &Transaction<'_>, tenant: TenantId) -> Result<(), Failure> {
    work.batch_execute(ENTER).await?;
    work.query_one(NAME, &[&tenant.to_string()]).await?;
    Ok(())
}

/// Ends the transaction, also when the caller went away in the middle of it. Whoever gets the connection next is served
/// after that.
struct WayOut<'a>(&'a Object);

impl Drop for WayOut<'_> {
    fn drop(&mut self) {
        // Sent when it is first polled; what the server says to it is of no interest.
        let _ = self.0.batch_execute("ROLLBACK").now_or_never();
    }
}
