//! Lenders, their keys and endpoints.

use std::sync::Arc;

use lockstep_core::audit::{AuditEntry, Who};
use lockstep_core::id::{ApiKeyId, AuditId, EndpointId};
use lockstep_core::routing::{RoutingRules, Rule, Then, When};
use lockstep_engine::port::{ApiKey, AuditFilter, Endpoint, KeyScope, Page, StoredRules, Tenant};

use super::{Backend, World, channel};

/// Tenants come back as they went in, oldest first; an id is given once.
pub async fn tenants_are_found<B: Backend>(db: Arc<B>) {
    let (one, two) = (World::new(1), World::new(2));
    let tenant =
        |world: &World, name: &str| Tenant { id: world.tenant, name: name.to_owned(), created_at: world.now };
    let (one, two) = (tenant(&one, "甲"), tenant(&two, "B"));
    db.add_tenant(one.clone()).await.unwrap();
    assert_eq!(db.tenant(two.id).await.unwrap(), None);
    db.add_tenant(two.clone()).await.unwrap();
    db.add_tenant(one.clone()).await.unwrap_err();
    assert_eq!(db.tenant(one.id).await.unwrap(), Some(one.clone()));
    let mut both = vec![one, two];
    both.sort_by_key(|tenant| (tenant.created_at, tenant.id));
    assert_eq!(db.tenants().await.unwrap(), both);
}

/// A key is found by its hash also after it was revoked, and only its own lender revokes it.
pub async fn keys_are_found_and_revoked<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let key = ApiKey {
        id: ApiKeyId::mint(&mut world.mint()),
        tenant: world.tenant,
        hash: "h1".to_owned(),
        name: "back office".to_owned(),
        scopes: vec![KeyScope::Read, KeyScope::Write],
        created_at: world.now,
        revoked_at: None,
    };
    db.add_key(key.clone()).await.unwrap();
    let same_hash = ApiKey { id: ApiKeyId::mint(&mut world.mint()), ..key.clone() };
    db.add_key(same_hash).await.unwrap_err();
    assert_eq!(db.key_by_hash("h1").await.unwrap(), Some(key.clone()));
    assert_eq!(db.key_by_hash("h2").await.unwrap(), None);
    assert_eq!(db.keys(world.tenant).await.unwrap(), std::slice::from_ref(&key));
    assert!(!db.revoke_key(World::new(2).tenant, key.id, world.now).await.unwrap());
    assert!(db.revoke_key(world.tenant, key.id, world.now).await.unwrap());
    assert!(!db.revoke_key(world.tenant, key.id, world.now).await.unwrap());
    let revoked = db.key_by_hash("h1").await.unwrap().unwrap();
    assert_eq!(revoked, ApiKey { revoked_at: Some(world.now), ..key });
}

/// An endpoint is replaced by its lender, never by another; switching off is for everybody to see.
pub async fn endpoints_belong_to_their_tenant<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let endpoint = Endpoint {
        id: EndpointId::mint(&mut world.mint()),
        tenant: world.tenant,
        url: "https://lender.example/hooks".to_owned(),
        secrets: vec!["sealed".to_owned()],
        kinds: Vec::new(),
        enabled: true,
        created_at: world.now,
    };
    db.put_endpoint(endpoint.clone()).await.unwrap();
    let stolen = Endpoint {
        tenant: World::new(2).tenant,
        url: "https://thief.example".to_owned(),
        ..endpoint.clone()
    };
    db.put_endpoint(stolen).await.unwrap_err();
    let moved = Endpoint { url: "https://lender.example/new".to_owned(), ..endpoint };
    db.put_endpoint(moved.clone()).await.unwrap();
    db.disable_endpoint(moved.id).await.unwrap();
    assert_eq!(db.endpoints(world.tenant).await.unwrap(), [Endpoint { enabled: false, ..moved }]);
    assert!(db.endpoints(World::new(2).tenant).await.unwrap().is_empty());
}

/// Rules are replaced version by version with their audit entry, by their lender alone; a lost race writes nothing.
pub async fn rules_are_replaced_in_turn<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let tenant = world.tenant;
    let rules = |version: u64, at, names: &[&str]| {
        let rule = |name: &&str| Rule {
            name: (*name).to_owned(),
            when: When::default(),
            then: Then::Pin(vec![channel("unionpay")]),
        };
        let rules = RoutingRules { rules: names.iter().map(rule).collect() };
        StoredRules { tenant, version, rules, updated_at: at }
    };
    let mut entry = |action: &str| AuditEntry {
        id: AuditId::mint(&mut world.mint()),
        tenant,
        at: world.now,
        who: Who::Cli,
        action: action.to_owned(),
        subject: tenant.to_string(),
        outcome: "accepted".to_owned(),
    };
    assert_eq!(db.routing_rules(tenant).await.unwrap(), None);
    let at = World::new(1).now;
    let (one, two) = (rules(1, at, &["a"]), rules(2, at, &["b", "c"]));
    assert!(!db.put_routing_rules(two.clone(), entry("early")).await.unwrap());
    assert!(db.put_routing_rules(one.clone(), entry("first")).await.unwrap());
    assert!(!db.put_routing_rules(one.clone(), entry("again")).await.unwrap());
    assert_eq!(db.routing_rules(tenant).await.unwrap(), Some(one));
    assert!(db.put_routing_rules(two.clone(), entry("second")).await.unwrap());
    let other = StoredRules { tenant: World::new(2).tenant, ..rules(1, at, &[]) };
    let told = AuditEntry { tenant: other.tenant, ..entry("other") };
    assert!(db.put_routing_rules(other.clone(), told).await.unwrap());
    assert_eq!(db.routing_rules(tenant).await.unwrap(), Some(two.clone()));
    let mut all = db.all_routing_rules().await.unwrap();
    all.sort_by_key(|one| one.version);
    assert_eq!(all, [other, two]);
    let filter = AuditFilter { tenant, subject: None };
    let listed = db.audit(&filter, &Page { after: None, limit: 10 }).await.unwrap();
    let mut actions: Vec<_> = listed.rows.iter().map(|entry| entry.action.as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["first", "second"]);
}
