//! Checks whether this binary works with the schema of a database. An outdated schema is refused with the remedy. A
//! newer one works too: migrations only add, and a contract step, which removes something, tells by its name which
//! binaries work without it. `migrations` applies migrations, `migrations/README.md` tells how to write them.

use std::collections::HashMap;

use sqlx::PgConnection;
use sqlx::migrate::{Migration, Migrator};

/// All migrations of this version.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The prefix of a contract step's name: `0052_contract_0047_drop_what_was_replaced.sql`.
const CONTRACT: &str = "contract ";

/// Checksums of migrations that had another form before a release, which leads to a schema that works as well. Number 62
/// added a column to a view that version 0.1.0 reads by `select *`, so that its prepared statements failed while it served.
const EARLIER_FORMS: [(i64, &str); 1] =
    [(62, "6ac27bf9c78864a65735cb42a6bf9fe3c4d94d232e4360dce4b10d0cec15e099836d1ff31bb94833bb5f4cef4ecb4841")];

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Applied {
    version: i64,
    description: String,
    checksum: Vec<u8>,
}

/// Why this binary does not work with a schema.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Migrations of this version are missing.
    #[error("The schema is outdated; run `reward-ledger migrate`")]
    Outdated,
    /// A migration is not the one that was applied under its number.
    #[error("Migration {0} was applied in another form than this version has; use the binary that applied it")]
    Altered(i64),
    /// A contract step removed something that this version needs.
    #[error(
        "The schema is too new: migration {version} ({description}) removed what this version needs; use a newer binary"
    )]
    TooNew {
        /// Its number.
        version: i64,
        /// Its name.
        description: String,
    },
}

/// The migrations of this binary that are missing, oldest first.
///
/// # Errors
/// The binary does not work with this schema, not even after its own migrations.
pub(super) fn pending<'a>(known: &'a [Migration], applied: &[Applied]) -> Result<Vec<&'a Migration>, SchemaError> {
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or_default();
    let versions: HashMap<i64, &Migration> = known.iter().map(|migration| (migration.version, migration)).collect();
    for step in applied {
        match versions.get(&step.version) {
            Some(migration) if *migration.checksum != *step.checksum && !is_earlier_form(step) => {
                return Err(SchemaError::Altered(step.version));
            }
            None if needed_for(&step.description) > newest => {
                return Err(SchemaError::TooNew { version: step.version, description: step.description.clone() });
            }
            Some(_) | None => {}
        }
    }
    let is_applied = |migration: &&Migration| applied.iter().any(|step| step.version == migration.version);
    Ok(known.iter().filter(|migration| !is_applied(migration)).collect())
}

fn is_earlier_form(step: &Applied) -> bool {
    EARLIER_FORMS.contains(&(step.version, &hex::encode(&step.checksum)))
}

/// The migration that a binary must have to work with a schema with this step; `None` unless it is a contract step. A
/// contract step that names none needs a binary that has the step itself.
fn needed_for(description: &str) -> i64 {
    let Some(rest) = description.strip_prefix(CONTRACT) else { return 0 };
    rest.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(i64::MAX)
}

/// The applied migrations; none without a schema, or with one that this role may not read.
pub(super) async fn applied(conn: &mut PgConnection) -> sqlx::Result<Vec<Applied>> {
    let known = "select version, description, checksum from _sqlx_migrations where success order by version";
    match sqlx::query_as(known).fetch_all(conn).await {
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("42P01" | "42501")) => {
            Ok(Vec::new())
        }
        answer => answer,
    }
}

/// Checks that this binary works with the present schema.
///
/// # Errors
/// It does not, or the database does not answer.
pub(super) async fn check(conn: &mut PgConnection) -> anyhow::Result<()> {
    match pending(&MIGRATOR.migrations, &applied(conn).await?)?.first() {
        None => Ok(()),
        Some(_) => Err(SchemaError::Outdated.into()),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::migrate::MigrationType;

    use super::*;

    fn known(versions: &[i64]) -> Vec<Migration> {
        let migration = |version: &i64| {
            Migration::new(*version, "add".into(), MigrationType::Simple, format!("select {version}").into(), false)
        };
        versions.iter().map(migration).collect()
    }

    fn applied(known: &[Migration], more: &[(i64, &str)]) -> Vec<Applied> {
        let ours = known.iter().map(|migration| Applied {
            version: migration.version,
            description: migration.description.to_string(),
            checksum: migration.checksum.to_vec(),
        });
        let theirs = more.iter().map(|(version, description)| Applied {
            version: *version,
            description: (*description).to_owned(),
            checksum: vec![7],
        });
        ours.chain(theirs).collect()
    }

    fn missing(known: &[Migration], applied: &[Applied]) -> Result<Vec<i64>, SchemaError> {
        Ok(pending(known, applied)?.iter().map(|migration| migration.version).collect())
    }

    #[test]
    fn an_earlier_form_of_a_migration_counts_as_applied() {
        let (version, checksum) = EARLIER_FORMS[0];
        let applied =
            |checksum: &str| [Applied { version, description: "add".into(), checksum: hex::decode(checksum).unwrap() }];
        assert_eq!(missing(&known(&[version]), &applied(checksum)), Ok(vec![]));
        assert_eq!(missing(&known(&[version]), &applied("07")), Err(SchemaError::Altered(version)));
        assert!(missing(&known(&[1]), &applied(checksum)).is_ok());
    }

    #[test]
    fn what_is_missing_is_named_oldest_first() {
        let ours = known(&[1, 2, 4]);
        assert_eq!(missing(&ours, &[]), Ok(vec![1, 2, 4]));
        assert_eq!(missing(&ours, &applied(&known(&[1]), &[])), Ok(vec![2, 4]));
        assert_eq!(missing(&ours, &applied(&ours, &[])), Ok(vec![]));
    }

    #[test]
    fn what_a_newer_version_added_is_no_obstacle() {
        let ours = known(&[1, 2, 4]);
        assert_eq!(missing(&ours, &applied(&ours, &[(5, "add a table"), (6, "contracts of members")])), Ok(vec![]));
        assert_eq!(missing(&ours, &applied(&known(&[1, 2]), &[(5, "add a table")])), Ok(vec![4]));
    }

    #[test]
    fn a_contract_step_names_who_does_without_what_it_takes_away() {
        let ours = known(&[1, 2, 4]);
        for (step, fits) in [("contract 0002 drop", true), ("contract 0004 drop", true), ("contract 0005 drop", false)]
        {
            assert_eq!(missing(&ours, &applied(&ours, &[(7, step)])).is_ok(), fits, "{step}");
        }
        let unnamed = missing(&ours, &applied(&ours, &[(7, "contract drop")]));
        assert_eq!(unnamed, Err(SchemaError::TooNew { version: 7, description: "contract drop".to_owned() }));
    }

    #[test]
    fn a_migration_that_was_edited_after_it_was_applied_is_refused() {
        let (ours, applied) = (known(&[1]), applied(&[], &[(1, "add")]));
        assert_eq!(missing(&ours, &applied), Err(SchemaError::Altered(1)));
    }
}
