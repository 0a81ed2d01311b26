//! Lenders, their keys and endpoints.

use std::sync::Arc;

use lockstep_core::id::{ApiKeyId, EndpointId};
use lockstep_engine::port::{ApiKey, Endpoint, KeyScope, Tenant};

use super::{Backend, World};

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
