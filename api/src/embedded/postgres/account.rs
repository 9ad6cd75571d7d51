//! The operating system's user that the server runs as. PostgreSQL refuses root, so as root we step
//! down to the owner of existing data, else to `postgres`; anyone else stays who they are. Never to `nobody`: that is who
//! other programs run as that shall have no rights, and the data would be theirs too.
//!
//! Knows permission bits only: an access list that opens a closed folder is not seen.

use super::error::EmbeddedPostgresError as Error;
use nix::unistd::{Gid, Uid, User};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who has no rights, and is shared by all that shall have none.
const NOBODY: &str = "nobody";

/// Whom we run PostgreSQL's programs as; `None` in `step_down` means as ourselves.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// The name for messages.
    pub(super) name: String,
    step_down: Option<(u32, u32)>,
}

impl Account {
    /// Chooses the user for data that is, or will be, in `data`.
    pub(super) fn choose(data: &Path) -> Result<Self, Error> {
        let owner = fs::metadata(data).ok().map(|found| found.uid());
        let me = Uid::effective();
        if !me.is_root() {
            return match owner {
                Some(owner) if owner != me.as_raw() => Err(Error::ForeignFolder { path: data.to_owned(), owner }),
                _ => Ok(Self { name: user_name(me), step_down: None }),
            };
        }
        let owner =
            owner.filter(|owner| *owner != 0).and_then(|owner| User::from_uid(Uid::from_raw(owner)).ok().flatten());
        let user = server_user(data, owner, named("postgres"))?;
        Ok(Self { name: user.name, step_down: Some((user.uid.as_raw(), user.gid.as_raw())) })
    }

    /// A command run as this user, in a process group of its own: a Ctrl-C for us is not one for it.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.process_group(0);
        if let Some((uid, gid)) = self.step_down {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a folder to this user alone.
    pub(super) fn own(&self, folder: &Path) -> std::io::Result<()> {
        if let Some((uid, gid)) = self.step_down {
            nix::unistd::chown(folder, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
    }

    /// Whether a folder belongs to this user and to nobody else.
    pub(super) fn owns_alone(&self, folder: &Path) -> bool {
        let uid = self.step_down.map_or_else(|| Uid::effective().as_raw(), |(uid, _)| uid);
        fs::symlink_metadata(folder)
            .is_ok_and(|found| found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0)
    }

    /// The first folder on the way to `path` that this user cannot enter.
    pub(super) fn closed_folder(&self, path: &Path) -> Option<PathBuf> {
        let (uid, gid) = self.step_down?;
        let mut parents: Vec<&Path> = path.ancestors().skip(1).collect();
        parents.reverse();
        parents
            .into_iter()
            .find(|folder| !fs::metadata(folder).is_ok_and(|found| enters(&found, uid, gid)))
            .map(Path::to_owned)
    }

    /// Refuses a path this user cannot get to, and says where the way ends.
    pub(super) fn must_reach(&self, path: &Path) -> Result<(), Error> {
        match self.closed_folder(path) {
            None => Ok(()),
            Some(folder) => Err(Error::NotSearchable { folder, user: self.name.clone() }),
        }
    }
}

/// Whom root runs the server as: the owner of the data, if there are any, else the user that is there for it.
fn server_user(data: &Path, owner: Option<User>, postgres: Option<User>) -> Result<User, Error> {
    let user = owner.or(postgres).ok_or(Error::NoUser)?;
    if user.name == NOBODY {
        return Err(Error::NobodysFolder { folder: data.to_owned() });
    }
    Ok(user)
}

/// The name of the user we are, for messages.
pub(super) fn my_name() -> String {
    user_name(Uid::effective())
}

fn enters(folder: &fs::Metadata, uid: u32, gid: u32) -> bool {
    let bit = if folder.uid() == uid {
        0o100
    } else if folder.gid() == gid {
        0o010
    } else {
        0o001
    };
    folder.mode() & bit != 0
}

fn named(name: &str) -> Option<User> {
    User::from_name(name).ok().flatten().filter(|user| !user.uid.is_root())
}

fn user_name(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| format!("uid {uid}"), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> User {
        User { name: name.to_owned(), ..User::from_uid(Uid::from_raw(0)).unwrap().unwrap() }
    }

    #[test]
    fn root_runs_the_server_as_who_owns_the_data_or_as_postgres_and_never_as_nobody() {
        let chosen = |owner: Option<&str>, postgres: Option<&str>| {
            server_user(Path::new("data"), owner.map(user), postgres.map(user)).map(|user| user.name)
        };
        assert_eq!(chosen(None, Some("postgres")).unwrap(), "postgres");
        assert_eq!(chosen(Some("ledger"), Some("postgres")).unwrap(), "ledger");
        assert_eq!(chosen(Some("ledger"), None).unwrap(), "ledger");
        let missing = chosen(None, None).unwrap_err().to_string();
        assert!(missing.contains("useradd --system postgres") && !missing.contains("nobody"), "{missing}");
        let shared = chosen(Some("nobody"), Some("postgres")).unwrap_err().to_string();
        assert!(shared.contains("chown -R postgres data"), "{shared}");
    }
}
