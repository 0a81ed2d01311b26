//! Lenders and API keys from the command line.

use lockstep_api::new_api_key;
use lockstep_core::id::{ApiKeyId, Mint, TenantId};
use lockstep_engine::port::{ApiKey, Directory, KeyScope, Seeds, Tenant};

use crate::cli::{KeyCommand, TenantCommand};
use crate::clock::{SystemSeeds, machine_now};
use crate::foundation::{self, Foundation, Mode, StartProblem, configuration};
use crate::house;

/// What `serve` calls the lender it makes when there is none and the sandbox is used.
const SANDBOX_LENDER: &str = "Sandbox lender";
const ALL_SCOPES: [KeyScope; 5] =
    [KeyScope::Read, KeyScope::Write, KeyScope::Refund, KeyScope::Admin, KeyScope::Approve];

/// `lockstep tenant`
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub async fn tenant(command: &TenantCommand) -> Result<(), StartProblem> {
    match command {
        TenantCommand::Add { name, json, place } => {
            let name = name.trim();
            if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
                return Err(StartProblem::Usage(
                    "a name has 1 to 64 characters and no control characters".to_owned(),
                ));
            }
            let foundation = foundation::open(&configuration(place)?, Mode::Beside).await?;
            let tenant = house::tenant(&foundation, name, machine_now(), &SystemSeeds).await?;
            let (_, secret) = new_key(&foundation, tenant.id, "first", &ALL_SCOPES).await?;
            if *json {
                let shown =
                    serde_json::json!({ "tenant_id": tenant.id, "name": tenant.name, "api_key": secret });
                println!("{shown}");
            } else {
                println!("{}  {}\nAPI key (shown only now): {secret}", tenant.id, tenant.name);
            }
        }
        TenantCommand::List { place } => {
            let foundation = foundation::open(&configuration(place)?, Mode::Beside).await?;
            for tenant in Directory::tenants(foundation.store.as_ref()).await? {
                println!("{}  {}  {}", tenant.id, tenant.created_at.to_rfc3339(), tenant.name);
            }
        }
    }
    Ok(())
}

/// `lockstep key`
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub async fn key(command: &KeyCommand) -> Result<(), StartProblem> {
    match command {
        KeyCommand::Create { tenant, name, scopes, place } => {
            let scopes = parse_scopes(scopes)?;
            let foundation = foundation::open(&configuration(place)?, Mode::Beside).await?;
            let tenant = known_tenant(&foundation, tenant).await?;
            let (key, secret) = new_key(&foundation, tenant.id, name, &scopes).await?;
            println!("{key}  {}\nAPI key (shown only now): {secret}", tenant.name);
        }
        KeyCommand::List { tenant, place } => {
            let foundation = foundation::open(&configuration(place)?, Mode::Beside).await?;
            let tenant = known_tenant(&foundation, tenant).await?;
            for key in foundation.store.keys(tenant.id).await? {
                let state =
                    key.revoked_at.map_or("in use".to_owned(), |at| format!("revoked {}", at.to_rfc3339()));
                println!(
                    "{}  {}  {:?}  {state}  {}",
                    key.id,
                    key.created_at.to_rfc3339(),
                    key.scopes,
                    key.name
                );
            }
        }
        KeyCommand::Revoke { tenant, key, place } => {
            let foundation = foundation::open(&configuration(place)?, Mode::Beside).await?;
            let tenant = known_tenant(&foundation, tenant).await?;
            let id: ApiKeyId =
                key.parse().map_err(|error| StartProblem::Usage(format!("the key {error}")))?;
            if !foundation.store.revoke_key(tenant.id, id, machine_now()).await? {
                return Err(StartProblem::Usage(format!("{} has no key {id} in use", tenant.name)));
            }
            println!("{id} is revoked");
        }
    }
    Ok(())
}

fn parse_scopes(words: &[String]) -> Result<Vec<KeyScope>, StartProblem> {
    let scope = |word: &String| match word.trim() {
        "read" => Ok(KeyScope::Read),
        "write" => Ok(KeyScope::Write),
        "refund" => Ok(KeyScope::Refund),
        "admin" => Ok(KeyScope::Admin),
        "approve" => Ok(KeyScope::Approve),
        other => {
            Err(StartProblem::Usage(format!("{other:?} is no scope: read, write, refund, admin, approve")))
        }
    };
    words.iter().map(scope).collect()
}

async fn known_tenant(foundation: &Foundation, text: &str) -> Result<Tenant, StartProblem> {
    let id: TenantId = text.parse().map_err(|error| StartProblem::Usage(format!("the tenant {error}")))?;
    let known = Directory::tenant(foundation.store.as_ref(), id).await?;
    known.ok_or_else(|| StartProblem::Usage(format!("there is no tenant {id}: lockstep tenant list")))
}

/// Makes a key; the secret is returned once and stored nowhere.
///
/// # Errors
/// [`StartProblem`] when it can't be written.
pub async fn new_key(
    foundation: &Foundation,
    tenant: TenantId,
    name: &str,
    scopes: &[KeyScope],
) -> Result<(ApiKeyId, String), StartProblem> {
    let now = machine_now();
    let (secret, hash) = new_api_key(&foundation.vault)
        .map_err(|error| StartProblem::Usage(format!("no key could be made: {error}")))?;
    let id = ApiKeyId::mint(&mut Mint::new(tenant.bucket(), now, SystemSeeds.draw()));
    let key = ApiKey {
        id,
        tenant,
        hash,
        name: name.to_owned(),
        scopes: scopes.to_vec(),
        created_at: now,
        revoked_at: None,
    };
    let store = &foundation.store;
    store.add_key(key).await?;
    Ok((id, secret))
}

/// On the sandbox, the first run makes a lender and prints its key, so that the API can be tried at once.
///
/// # Errors
/// [`StartProblem`] when it can't be written.
pub async fn first_key(foundation: &Foundation) -> Result<(), StartProblem> {
    if let Some(tenant) = Directory::tenants(foundation.store.as_ref()).await?.first() {
        tracing::info!("lost the API key? stop this and run: lockstep key create {}", tenant.id);
        return Ok(());
    }
    let tenant = house::tenant(foundation, SANDBOX_LENDER, machine_now(), &SystemSeeds).await?;
    show_key(foundation, &tenant).await
}

/// Makes a key with every scope and prints it.
///
/// # Errors
/// [`StartProblem`] when it can't be written.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub async fn show_key(foundation: &Foundation, tenant: &Tenant) -> Result<(), StartProblem> {
    let (_, secret) = new_key(foundation, tenant.id, "sandbox", &ALL_SCOPES).await?;
    println!("API key of {} (shown only now): {secret}", tenant.name);
    Ok(())
}
