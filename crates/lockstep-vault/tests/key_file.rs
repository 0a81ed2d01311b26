//! The key file on a real file system: what is made, what is refused, and what the refusal says.
#![cfg(unix)]

use lockstep_vault::key_file::{self, KeyFileProblem, ProblemKind};
use lockstep_vault::{KeyTextError, MasterKeyring, Vault};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own for each test, removed afterwards.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("lockstep-vault-{}-{count}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        set_mode(&directory, 0o700);
        Self(directory)
    }

    fn key(&self) -> PathBuf {
        self.0.join("master.key")
    }

    fn key_with(&self, text: &str) -> PathBuf {
        fs::write(self.key(), text).unwrap();
        set_mode(&self.key(), 0o600);
        self.key()
    }

    fn names(&self) -> Vec<String> {
        fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn ids(ring: &MasterKeyring) -> Vec<String> {
    ring.key_ids().chain([ring.index_key().key_id()]).map(str::to_owned).collect()
}

fn refused(path: &Path) -> KeyFileProblem {
    let problem = key_file::load(path).unwrap_err();
    assert_eq!(key_file::load_or_create(path).unwrap_err(), problem, "what load refuses isn't made again");
    assert!(key_file::inspect(path).contains(&problem));
    assert!(problem.to_string().contains(&path.display().to_string()), "{problem}");
    problem
}

#[test]
fn the_first_run_makes_the_file_and_the_next_reads_it() {
    let place = Place::new();
    let path = place.0.join("new/deep/master.key");
    assert_eq!(key_file::load(&path).unwrap_err().kind, ProblemKind::Missing);
    let made = key_file::load_or_create(&path).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(mode(&place.0.join("new")), 0o700);
    assert_eq!(ids(&key_file::load_or_create(&path).unwrap()), ids(&made));
    assert_eq!(ids(&key_file::load(&path).unwrap()), ids(&made));
    assert_eq!(key_file::inspect(&path), []);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing but the key file is left");
}

#[test]
fn of_many_first_runs_all_read_the_same_keys() {
    let place = Place::new();
    let path = place.0.join("new/master.key");
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| ids(&key_file::load_or_create(&path).unwrap()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.iter().all(|ids| *ids == all[0]), "{all:?}");
}

#[test]
fn a_file_open_to_others_is_refused_with_the_command_that_closes_it() {
    let place = Place::new();
    let path = place.key();
    key_file::load_or_create(&path).unwrap();
    for open in [0o640, 0o604, 0o620, 0o602, 0o644, 0o660, 0o666, 0o610, 0o601] {
        set_mode(&path, open);
        let problem = refused(&path);
        assert_eq!(problem.kind, ProblemKind::OpenToOthers { mode: open });
        assert_eq!(problem.fix(), format!("chmod 600 {}", path.display()));
    }
    set_mode(&path, 0o400);
    assert!(key_file::load(&path).is_ok());
}

#[test]
fn a_link_is_refused_even_to_a_good_file_and_even_to_none() {
    let place = Place::new();
    key_file::load_or_create(&place.key()).unwrap();
    let link = place.0.join("link.key");
    symlink(place.key(), &link).unwrap();
    assert_eq!(refused(&link).kind, ProblemKind::Symlink);
    fs::remove_file(place.key()).unwrap();
    assert_eq!(refused(&link).kind, ProblemKind::Symlink);
    assert_eq!(place.names(), ["link.key"]);
}

#[test]
fn a_directory_and_a_path_through_a_file_are_refused() {
    let place = Place::new();
    assert_eq!(refused(&place.0).kind, ProblemKind::NotAFile);
    let through = key_file::load_or_create(&place.key_with("").join("below")).unwrap_err();
    assert!(matches!(through.kind, ProblemKind::Io { .. }), "{through}");
}

#[test]
fn another_users_file_is_refused() {
    let place = Place::new();
    let path = place.key();
    key_file::load_or_create(&path).unwrap();
    // Only root may give a file away, so elsewhere there is nothing to test with.
    if chown(&path, Some(12345), None).is_ok() {
        let us = fs::metadata(&place.0).unwrap().uid();
        let problem = refused(&path);
        assert_eq!(problem.kind, ProblemKind::OwnedByAnother { owner: 12345, us });
        assert!(problem.to_string().contains(&format!("chown {us} ")), "{problem}");
    }
}

#[test]
fn a_directory_anyone_may_write_to_is_refused_and_its_groups_is_only_mentioned() {
    let place = Place::new();
    let path = place.key();
    key_file::load_or_create(&path).unwrap();
    set_mode(&place.0, 0o777);
    assert_eq!(refused(&path).fix(), format!("chmod go-w {}", place.0.display()));
    set_mode(&place.0, 0o1777);
    assert_eq!(key_file::inspect(&path), []);
    set_mode(&place.0, 0o770);
    assert!(key_file::load(&path).is_ok());
    assert!(matches!(
        key_file::inspect(&path)[..],
        [KeyFileProblem { kind: ProblemKind::DirectoryWritable { .. }, .. }]
    ));
}

#[test]
fn a_wrong_content_is_refused_and_never_quoted() {
    let place = Place::new();
    let content = |text: &str| match refused(&place.key_with(text)).kind {
        ProblemKind::Content(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(content(""), KeyTextError::NoMasterKey);
    assert_eq!(content("c2hvcnQtc2VjcmV0"), KeyTextError::NotAKey { line: 1 });
    assert!(!refused(&place.key()).to_string().contains("c2hvcnQtc2VjcmV0"));
    assert_eq!(refused(&place.key_with(&"#".repeat(70_000))).kind, ProblemKind::TooLarge);
    fs::write(place.key(), b"\xff\xfe").unwrap();
    assert!(matches!(refused(&place.key()).kind, ProblemKind::Io { .. }));
}

#[test]
fn inspect_names_every_problem_at_once() {
    let place = Place::new();
    let path = place.key_with("");
    set_mode(&path, 0o644);
    set_mode(&place.0, 0o777);
    assert_eq!(key_file::inspect(&path).len(), 2);
    assert_eq!(key_file::inspect(&place.0.join("none"))[1].kind, ProblemKind::Missing);
}

#[test]
fn rotation_puts_a_new_key_first_and_old_data_still_opens() {
    let place = Place::new();
    let path = place.key();
    let vault = Vault::new(key_file::load_or_create(&path).unwrap());
    let wrapped = vault.new_borrower_key("t1", "b1").unwrap();
    let rotated = key_file::rotate(&path).unwrap();
    assert_eq!(ids(&rotated), ids(&key_file::load(&path).unwrap()));
    assert_eq!(ids(&rotated)[1..], ids(&vault.keyring()));
    assert_eq!((mode(&path), place.names()), (0o600, vec!["master.key".to_owned()]));
    vault.replace_keyring(rotated).unwrap();
    let rewrapped = vault.rewrap_borrower_key("t1", "b1", &wrapped).unwrap().unwrap();
    assert_eq!(rewrapped.key_id(), vault.keyring().current().key_id());
    assert_eq!(vault.rewrap_borrower_key("t1", "b1", &rewrapped).unwrap(), None);
}

#[test]
fn rotation_makes_a_derived_index_key_explicit() {
    let place = Place::new();
    let path = place.key_with("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    let before = key_file::load(&path).unwrap();
    key_file::rotate(&path).unwrap();
    assert_eq!(key_file::load(&path).unwrap().index_key().key_id(), before.index_key().key_id());
}

#[test]
fn rotations_at_once_lose_no_key() {
    let place = Place::new();
    let path = place.key();
    key_file::load_or_create(&path).unwrap();
    let done: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| key_file::rotate(&path))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ring = key_file::load(&path).unwrap();
    let succeeded: Vec<_> = done.iter().filter_map(|result| result.as_ref().ok()).collect();
    assert!(!succeeded.is_empty());
    assert_eq!(ring.key_ids().count(), 1 + succeeded.len());
    assert!(succeeded.iter().all(|rotated| ring.find(rotated.current().key_id()).is_some()));
    let others = done.iter().filter_map(|result| result.as_ref().err());
    assert!(others.into_iter().all(|problem| matches!(problem.kind, ProblemKind::RotationUnfinished { .. })));
}

#[test]
fn a_rotation_cut_off_is_named() {
    let place = Place::new();
    let path = place.key();
    key_file::load_or_create(&path).unwrap();
    fs::write(place.0.join("master.key.rotating"), "").unwrap();
    let problem = key_file::rotate(&path).unwrap_err();
    assert!(problem.fix().contains("rm "), "{problem}");
    assert!(key_file::load(&path).is_ok(), "the old keys still work");
}
