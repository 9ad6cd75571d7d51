//! Which campaign owns a name. Names are compared by their canonical key (`domain::identity`). Two campaigns whose names
//! differed under an earlier version of the key keep them: the later one under a key of its own, until it is renamed.
//! The rule is here once, for the check of the guard tables against the log and for keys stored by an earlier version.

use std::collections::BTreeMap;

use domain::campaign::CampaignEvent;
use domain::identity::{KEY_VERSION, earlier_name_key, name_key};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::log::named_parameters::NamedStatement;

/// The keys of all campaigns' names, derived from the log.
#[derive(Debug, Default)]
pub(crate) struct Names {
    key_of: BTreeMap<Uuid, String>,
    owner_of: BTreeMap<String, Uuid>,
}

impl Names {
    /// Gives a campaign this name.
    pub(crate) fn take(&mut self, owner: Uuid, key: &str) {
        let own = earlier_name_key(key, owner);
        let keeps_its_own = self.key_of.get(&owner) == Some(&own);
        let is_taken = self.owner_of.get(key).is_some_and(|other| *other != owner);
        let key = if keeps_its_own || is_taken { own } else { key.to_owned() };
        if let Some(before) = self.key_of.insert(owner, key.clone()) {
            self.owner_of.remove(&before);
        }
        self.owner_of.insert(key, owner);
    }

    /// The key of each campaign.
    pub(crate) fn keys(&self) -> &BTreeMap<Uuid, String> {
        &self.key_of
    }
}

static RENEW_NAMES: NamedStatement = NamedStatement::new(
    "insert into unique_names (kind, name_key, owner, key_version)
    select 'campaign', name_key, owner, {key_version}
    from {renewed}",
);

/// Derives the keys that were stored under an earlier version again, from the names in the log. Nobody appends
/// meanwhile.
pub(crate) async fn renew_earlier_keys(pool: &PgPool) -> Result<(), sqlx::Error> {
    let earlier = "select exists (select from unique_names where key_version < $1)";
    if !sqlx::query_scalar::<_, bool>(earlier).bind(KEY_VERSION).fetch_one(pool).await? {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    sqlx::query("select from log_head for update").execute(&mut *transaction).await?;
    let sql = "select aggregate_id, event_type, event_version, payload::text as payload
               from events
               where aggregate_type = 'campaign' and event_type in ('campaign.created', 'campaign.revised')
               order by position";
    let mut names = Names::default();
    for row in sqlx::query(sql).fetch_all(&mut *transaction).await? {
        let event =
            CampaignEvent::decode(row.try_get("event_type")?, row.try_get("event_version")?, row.try_get("payload")?);
        let name = match event {
            Ok(CampaignEvent::Created(created)) => created.terms.name,
            Ok(CampaignEvent::Revised(revised)) => revised.terms.name,
            // the verification finds what cannot be read
            Ok(_) | Err(_) => continue,
        };
        if let Ok(owner) = row.try_get::<&str, _>("aggregate_id")?.parse() {
            names.take(owner, &name_key(&name));
        }
    }
    sqlx::query("delete from unique_names where kind = 'campaign'").execute(&mut *transaction).await?;
    let renewed = RENEW_NAMES.bind().value("key_version", KEY_VERSION).rows("renewed", names.key_of.iter());
    let renewed = renewed.column("owner", |(owner, _)| *owner).column("name_key", |(_, key)| key).end();
    renewed.query()?.execute(&mut *transaction).await?;
    transaction.commit().await?;
    tracing::info!(campaigns = names.key_of.len(), "re-derived the canonical keys of stored campaign names");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Uuid = Uuid::from_u128(1);
    const SECOND: Uuid = Uuid::from_u128(2);

    #[test]
    fn the_first_keeps_the_name_and_the_second_a_key_of_its_own_until_it_is_renamed() {
        let mut names = Names::default();
        names.take(FIRST, "autumn");
        names.take(SECOND, "autumn");
        assert_eq!(names.keys()[&FIRST], "autumn");
        assert_eq!(names.keys()[&SECOND], earlier_name_key("autumn", SECOND));
        names.take(FIRST, "winter");
        names.take(SECOND, "autumn"); // another change of the second, which keeps its name
        assert_eq!(names.keys()[&SECOND], earlier_name_key("autumn", SECOND));
        names.take(SECOND, "spring");
        names.take(FIRST, "autumn");
        assert_eq!((names.keys()[&FIRST].as_str(), names.keys()[&SECOND].as_str()), ("autumn", "spring"));
    }
}
