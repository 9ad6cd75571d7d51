//! `atPosition` and `atTime`: when something is asked about. Of both at most one.

use domain::Moment;
use projections::audit::{AsOf, resolve};
use sqlx::PgConnection;

use crate::fields::{Broken, Fields, readers};
use crate::problem::Problem;

/// Reads both.
pub(super) fn read(fields: &mut Fields) -> Option<AsOf> {
    let position = read_position(fields);
    let time = fields.optional("atTime", readers::instant());
    match (position?, time?) {
        (Some(_), Some(_)) => {
            fields.report("atTime", Broken::new("conflict", "must not be there beside `atPosition`"));
            None
        }
        (Some(position), None) => Some(AsOf::Position(position)),
        (None, Some(time)) => Some(AsOf::Time(time.moment)),
        (None, None) => Some(AsOf::Head),
    }
}

/// Reads `atPosition` alone.
pub(super) fn read_position(fields: &mut Fields) -> Option<Option<i64>> {
    fields.optional("atPosition", readers::digits(0, i64::MAX))
}

/// The position, and the moment that the answer stands for.
///
/// # Errors
/// `validation_failed` when the log has not come so far.
pub(super) async fn position(
    connection: &mut PgConnection,
    as_of: AsOf,
    now: Moment,
) -> Result<(i64, Moment), Problem> {
    let field = match as_of {
        AsOf::Head | AsOf::Position(_) => "query.atPosition",
        AsOf::Time(_) => "query.atTime",
    };
    let found = resolve(connection, as_of, now).await?;
    found.map_err(|not_yet| {
        Problem::field(
            field,
            "range",
            format!("must not be beyond the end of the log, which is position {}", not_yet.head),
        )
    })
}
