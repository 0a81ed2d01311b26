//! The vault from outside: what opens, what doesn't, and that nothing prints.

use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile, OneTimeCode};
use lockstep_vault::{
    DataKey, IndexKey, ItemContext, MasterKey, MasterKeyring, PersonalData, TransientSecrets, Vault,
    VaultError, VaultItem,
};
use std::fmt::Debug;

const CARD: &str = "6222020000000000000";
const ID: &str = "11010519491231002X";
const MOBILE: &str = "13800138000";
const NAME: &str = "张三";

fn vault() -> Vault {
    Vault::new(MasterKeyring::generate().unwrap())
}

fn person() -> PersonalData {
    PersonalData {
        card_number: Some(CardNumber::new(CARD.to_owned())),
        id_number: Some(IdNumber::new(ID.to_owned())),
        mobile: Some(Mobile::new(MOBILE.to_owned())),
        holder_name: Some(HolderName::new(NAME.to_owned())),
    }
}

#[test]
fn what_is_sealed_opens_for_its_owner_only() {
    let vault = vault();
    let (key, other) =
        (vault.new_borrower_key("t1", "b1").unwrap(), vault.new_borrower_key("t1", "b2").unwrap());
    let sealed = vault.seal_item("t1", "b1", &key, "i1", &person()).unwrap();
    let opened = vault.open_item("t1", "b1", &key, "i1", &sealed).unwrap();
    assert_eq!(opened.card_number.unwrap().expose(), CARD);
    assert_eq!(opened.id_number.unwrap().expose(), ID);
    assert_eq!(opened.mobile.unwrap().expose(), MOBILE);
    assert_eq!(opened.holder_name.unwrap().expose(), NAME);
    // The key is cached by now: the cache must not open what unwrapping would refuse.
    for (tenant, borrower, key, item) in [
        ("t2", "b1", &key, "i1"),
        ("t1", "b2", &key, "i1"),
        ("t1", "b1", &other, "i1"),
        ("t1", "b2", &other, "i1"),
        ("t1", "b1", &key, "i2"),
    ] {
        let refused = vault.open_item(tenant, borrower, key, item, &sealed).unwrap_err();
        assert!(matches!(refused, VaultError::NotAuthentic { .. }), "{tenant} {borrower} {item}: {refused}");
    }
}

#[test]
fn no_clear_text_is_in_the_sealed_bytes_and_every_change_is_refused() {
    let vault = vault();
    let key = vault.new_borrower_key("t1", "b1").unwrap();
    let sealed = vault.seal_item("t1", "b1", &key, "i1", &person()).unwrap();
    assert!(
        [CARD, ID, MOBILE, NAME]
            .iter()
            .all(|clear| { !sealed.windows(clear.len()).any(|window| window == clear.as_bytes()) })
    );
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert!(vault.open_item("t1", "b1", &key, "i1", &changed).is_err(), "byte {position}");
        assert!(vault.open_item("t1", "b1", &key, "i1", &sealed[..position]).is_err(), "cut at {position}");
    }
}

#[test]
fn an_item_and_a_secret_of_one_id_are_apart() {
    let vault = vault();
    let key = vault.new_borrower_key("t1", "b1").unwrap();
    let place = ItemContext { tenant: "t1", borrower: "b1", item: "i1", field: "webhook" };
    let sealed = vault.seal_secret(&key, &place, b"whsec").unwrap();
    assert_eq!(&**vault.open_secret(&key, &place, &sealed).unwrap(), b"whsec");
    assert!(vault.open_item("t1", "b1", &key, "i1", &sealed).is_err());
    let item = vault.seal_item("t1", "b1", &key, "i1", &person()).unwrap();
    assert!(vault.open_secret(&key, &place, &item).is_err());
}

#[test]
fn rotation_keeps_data_and_indexes_and_retires_the_old_key() {
    let vault = vault();
    let old = vault.new_borrower_key("t1", "b1").unwrap();
    let sealed = vault.seal_item("t1", "b1", &old, "i1", &person()).unwrap();
    let index = vault.card_index("t1", &CardNumber::new(CARD.to_owned()));
    let fingerprint = vault.fingerprint(b"request");

    vault.replace_keyring(vault.keyring().rotated().unwrap()).unwrap();
    let new = vault.rewrap_borrower_key("t1", "b1", &old).unwrap().unwrap();
    let text = vault.keyring().to_text();
    let without_old: String =
        text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| format!("{line}\n")).collect();
    vault.replace_keyring(MasterKeyring::parse(&without_old).unwrap()).unwrap();

    assert!(vault.open_item("t1", "b1", &new, "i1", &sealed).is_ok());
    let refused = vault.open_item("t1", "b1", &old, "i1", &sealed).unwrap_err();
    assert_eq!(refused, VaultError::UnknownMasterKey { key_id: old.key_id().to_owned() });
    assert_eq!(vault.card_index("t1", &CardNumber::new(CARD.to_owned())), index);
    assert!(vault.has_fingerprint(b"request", &fingerprint));
}

#[test]
fn a_keyring_with_another_index_key_is_refused() {
    let vault = vault();
    let before = vault.keyring().current().key_id().to_owned();
    let refused = vault.replace_keyring(MasterKeyring::generate().unwrap()).unwrap_err();
    assert!(matches!(refused, VaultError::OtherIndexKey { .. }));
    assert_eq!(vault.keyring().current().key_id(), before);
}

#[test]
fn indexes_find_within_a_tenant_and_only_there() {
    let vault = vault();
    let card = |text: &str| CardNumber::new(text.to_owned());
    assert_eq!(vault.card_index("t1", &card(CARD)), vault.card_index("t1", &card("6222 0200 0000 0000 000")));
    assert_ne!(vault.card_index("t1", &card(CARD)), vault.card_index("t2", &card(CARD)));
    assert_ne!(vault.card_index("t1", &card(CARD)), vault.card_index("t1", &card("6222020000000000001")));
    let mobile = |text: &str| vault.mobile_index("t1", &Mobile::new(text.to_owned()));
    assert_eq!(mobile(MOBILE), mobile("+86 138 0013 8000"));
    let id = |text: &str| vault.id_index("t1", &IdNumber::new(text.to_owned()));
    assert_eq!(id(ID), id(&ID.to_lowercase()));
    assert_ne!(id(MOBILE), mobile(MOBILE));
}

#[test]
fn fingerprints_and_random_bytes() {
    let vault = vault();
    let fingerprint = vault.fingerprint(b"api-key/secret");
    assert!(vault.has_fingerprint(b"api-key/secret", &fingerprint));
    assert!(!vault.has_fingerprint(b"api-key/other", &fingerprint));
    assert!(!vault.has_fingerprint(b"api-key/secret", &fingerprint[..42]));
    assert!(!vault.has_fingerprint(b"api-key/secret", ""));
    assert_ne!(fingerprint, self::vault().fingerprint(b"api-key/secret"));
    assert_ne!(*vault.random_bytes(32).unwrap(), *vault.random_bytes(32).unwrap());
    assert_eq!(vault.random_bytes(0).unwrap().len(), 0);
}

#[test]
fn many_threads_share_one_vault() {
    let vault = vault();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let vault = vault.clone();
            scope.spawn(move || {
                for n in 0..50 {
                    let borrower = format!("b{}", (thread + n) % 5);
                    let key = vault.new_borrower_key("t1", &borrower).unwrap();
                    let sealed = vault.seal_item("t1", &borrower, &key, "i1", &person()).unwrap();
                    vault.replace_keyring(vault.keyring().as_ref().clone()).unwrap();
                    vault.forget_borrower("t1", &borrower);
                    assert!(vault.open_item("t1", &borrower, &key, "i1", &sealed).is_ok());
                }
            });
        }
    });
}

#[test]
fn no_public_type_prints_a_secret() {
    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let ring = MasterKeyring::parse(KEY).unwrap();
    let vault = Vault::new(ring.clone());
    let wrapped = vault.new_borrower_key("t1", "b1").unwrap();
    let data_key = DataKey::generate().unwrap();
    let item = VaultItem::seal(&data_key, "t1", "b1", "i1", &person()).unwrap();
    vault.seal_item("t1", "b1", &wrapped, "i1", &person()).unwrap();
    let codes = TransientSecrets::new(10);
    codes.put("r1", OneTimeCode::new("482913".to_owned()), 1000);

    let printed = |value: &dyn Debug| format!("{value:?}\n{value:#?}");
    let all: Vec<String> = vec![
        printed(&MasterKey::generate().unwrap()),
        printed(&IndexKey::generate().unwrap()),
        printed(ring.current()),
        printed(&ring),
        printed(&vault),
        printed(&wrapped),
        printed(&data_key),
        printed(&item),
        printed(&item.sealed),
        printed(&person()),
        printed(&codes),
        printed(&MasterKeyring::parse("c2hvcnQtc2VjcmV0")),
        printed(&vault.open_item("t1", "b1", &wrapped, "i2", item.sealed.as_bytes())),
    ];
    let base64 =
        ring.to_text().lines().flat_map(|line| line.split_once(':')).map(|(_, key)| key.to_owned()).collect();
    let secrets: [Vec<String>; 2] = [
        base64,
        [KEY, "0, 1, 2, 3", "AAECAw", CARD, ID, MOBILE, NAME, "482913", "c2hvcnQt"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (text, secret) in
        all.iter().flat_map(|text| secrets.iter().flatten().map(move |secret| (text, secret)))
    {
        assert!(!text.contains(secret.as_str()), "{text} shows {secret}");
    }
    // Every debug text is short and known: a derived one over bytes would be far longer.
    assert!(all.iter().all(|text| text.len() < 800), "{all:#?}");
}
