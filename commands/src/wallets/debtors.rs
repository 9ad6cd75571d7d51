//! Who owes: asked wherever points come in, of many wallets at once. Hardly anybody does, so that this reads nothing else.

use domain::id::MemberId;
use domain::value::UnitCode;
use sqlx::Row as _;

use crate::ledger::Ledger;
use crate::log::coalesce::ReadError;
use crate::log::named_parameters::NamedStatement;

static DEBTORS: NamedStatement = NamedStatement::new(
    "select number
    from {asked}
    join wallet_debts using (member_id, unit)
    where owed > 0",
);

impl Ledger {
    /// Those of some wallets whose members owe something.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn debtors(&self, wallets: &[(MemberId, UnitCode)]) -> Result<Vec<(MemberId, UnitCode)>, ReadError> {
        if wallets.is_empty() {
            return Ok(vec![]);
        }
        let asked = DEBTORS
            .bind()
            .rows("asked", wallets.iter())
            .column("member_id", |(member, _)| member.0)
            .column("unit", |(_, unit)| unit.as_str())
            .numbered()
            .end();
        // planned each time: a plan made while nobody owed would read all debts ever after
        let rows = asked.query()?.persistent(false).fetch_all(&self.shared.pool).await?;
        let mut debtors = vec![];
        for row in rows {
            let number: i64 = row.try_get("number")?;
            debtors.extend(usize::try_from(number - 1).ok().and_then(|index| wallets.get(index)).cloned());
        }
        Ok(debtors)
    }
}
