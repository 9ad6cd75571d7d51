//! What goes wrong where the service is deployed: each is an error that names the cause and the remedy, and the container
//! ends with a failure.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, process::Command};

use tests::support::Database;

use super::container::{Container, Ended};

#[track_caller]
fn refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    let missing: Vec<_> = words.iter().filter(|word| !ended.said.contains(**word)).collect();
    assert!(ended.said.contains("error: ") && missing.is_empty(), "{missing:?} is not in:\n{}", ended.said);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_chroot), ignore = "this user may not make mounts and process ids of its own")]
async fn secrets_that_are_not_there_or_cannot_be_read_are_named() {
    let database = Database::fresh().await;
    let nothing = Container::new();
    refused(&nothing.run(&[]), &["no PostgreSQL", "set DATABASE_URL"]);
    let missing = Container::new().env("DATABASE_URL_FILE", "/run/secrets/database_url");
    refused(
        &missing.run(&[]),
        &["DATABASE_URL_FILE: /run/secrets/database_url cannot be read", "put the secret there"],
    );
    let closed = Container::new().secret("url", &database.url, 0o400).env("DATABASE_URL_FILE", "/run/secrets/url");
    refused(&closed.run(&[]), &["DATABASE_URL_FILE", "Permission denied", "readable by user 65532"]);
    let empty = Container::new().on(" \n");
    refused(&empty.run(&[]), &["DATABASE_URL_FILE: /run/secrets/database_url holds no address"]);
    let twice = Container::new().on(&database.url).env("DATABASE_URL", &database.url);
    refused(&twice.run(&[]), &["DATABASE_URL and DATABASE_URL_FILE are both set", "unset one"]);
    for (option, name) in
        [("TOKEN_KEY_FILE", "token key"), ("CODES_KEY_FILE", "coupon codes"), ("AUDIT_KEY_FILE", "audit key")]
    {
        let closed = Container::new().on(&database.url).secret("key", "secret", 0o400).env(option, "/run/secrets/key");
        refused(&closed.run(&[]), &[name, "Permission denied", &format!("Set {option} to a readable file")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_chroot), ignore = "this user may not make mounts and process ids of its own")]
async fn a_place_that_is_taken_full_or_read_only_is_named() {
    let database = Database::fresh().await;
    let container = Container::new().on(&database.url);
    let taken = TcpListener::bind(("0.0.0.0", container.port)).unwrap();
    refused(&container.run(&[]), &["cannot listen on 0.0.0.0:", "set LISTEN to another address"]);
    drop(taken);
    let read_only = Container::new().on(&database.url).without_volume();
    refused(&read_only.run(&[]), &["Read-only file system", "DATA_DIR to a folder with room that can be written"]);
    let container = Container::new().on(&database.url);
    let full = Full::on(container.volume());
    refused(&container.run(&[]), &["No space left on device", "DATA_DIR to a folder with room"]);
    drop(full);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_chroot), ignore = "this user may not make mounts and process ids of its own")]
async fn a_database_that_does_not_fit_is_named() {
    let database = Database::fresh().await;
    let container = Container::new().on(&database.url);
    refused(&container.run(&["serve", "--no-migrate"]), &["The schema is outdated; run `reward-ledger migrate`"]);
    let migrated = container.run(&["migrate"]);
    assert_eq!(migrated.code, Some(0), "{}", migrated.said);
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (99001, 'contract drop what was replaced', true, '\\x07', 1)";
    sqlx::query(newer).execute(&database.pool().await).await.unwrap();
    for command in [vec![], vec!["migrate"]] {
        refused(&container.run(&command), &["The schema is too new: migration 99001", "use a newer binary"]);
    }
    let away = Container::new().on("postgres://ledger:secret@127.0.0.1:1/ledger");
    let away = away.run(&[]);
    refused(&away, &["the database cannot be reached"]);
    assert!(!away.said.contains("secret@"), "{}", away.said);
}

/// A disk without room, in place of a volume.
struct Full(std::path::PathBuf);

impl Full {
    fn on(volume: &std::path::Path) -> Full {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k,mode=0777", "full"]).arg(volume).status();
        assert!(mounted.unwrap().success());
        let mut room = 1 << 20;
        while room > 0 {
            let file = volume.join(format!("filled-{room}"));
            if fs::write(&file, vec![7; room]).is_err() {
                room /= 2;
            }
        }
        fs::set_permissions(volume, fs::Permissions::from_mode(0o777)).unwrap();
        Full(volume.to_owned())
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).output().ok();
    }
}
