//! `atPosition` and `atTime`: when something is asked about. Of both at most one. `sincePosition` and `sinceTime` are
//! the same of an earlier moment, for whoever asks what has changed.

use domain::Moment;
use projections::audit::{AsOf, resolve};
use sqlx::PgConnection;

use crate::app::input::fields::{Broken, Fields, readers};
use crate::app::problem::Problem;

/// How a moment is named in a query.
pub struct Named {
    position: &'static str,
    time: &'static str,
}

/// The moment that is asked about.
pub const AT: Named = Named { position: "atPosition", time: "atTime" };
/// The one that it is compared with.
pub const SINCE: Named = Named { position: "sincePosition", time: "sinceTime" };

impl Named {
    /// Reads both; the inner one is none where neither is there.
    pub fn read(&self, fields: &mut Fields) -> Option<Option<AsOf>> {
        let position = fields.optional(self.position, readers::position());
        let time = fields.optional(self.time, readers::instant());
        match (position?, time?) {
            (Some(_), Some(_)) => {
                let position = self.position;
                fields.report(self.time, Broken::new("conflict", format!("must not be there beside `{position}`")));
                None
            }
            (Some(position), None) => Some(Some(AsOf::Position(position))),
            (None, Some(time)) => Some(Some(AsOf::Time(time.moment))),
            (None, None) => Some(None),
        }
    }

    /// The position, and the moment that the answer stands for.
    ///
    /// # Errors
    /// `validation_failed` when the log has not come so far.
    pub async fn resolve(
        &self,
        connection: &mut PgConnection,
        as_of: AsOf,
        now: Moment,
    ) -> Result<(i64, Moment), Problem> {
        let field = match as_of {
            AsOf::Head | AsOf::Position(_) => self.position,
            AsOf::Time(_) => self.time,
        };
        let found = resolve(connection, as_of, now).await?;
        found.map_err(|not_yet| {
            Problem::field(
                &format!("query.{field}"),
                "range",
                format!("must not be beyond the end of the log, which is position {}", not_yet.head),
            )
        })
    }
}
