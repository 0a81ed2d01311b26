//! Roles on the server of these tests.

use crate::server::connect;

/// The same address for another role, which is made where it is missing and belongs to a group.
pub(crate) async fn as_role(url: &str, role: &str, group: &str) -> String {
    let make = format!(
        "DO $$ BEGIN
             PERFORM pg_advisory_xact_lock(1);
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                 CREATE ROLE {role} LOGIN {group};
             END IF;
         END $$"
    );
    connect(url).await.batch_execute(&make).await.expect("a role");
    url.replacen("//lockstep@", &format!("//{role}@"), 1)
}
