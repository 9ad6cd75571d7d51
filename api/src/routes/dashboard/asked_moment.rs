//! The parameters of dashboards without a window: a time zone, and a position of the past.

use domain::Moment;
use domain::zone::Tz;
use projections::read_models::dashboard::View;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::Problem;
use crate::http::headers::positions::MinPosition;
use crate::http::state::AppState;

use super::asked::{DASHBOARD, Reached, Then};

/// The moment and the time zone that were requested.
pub(super) struct AskedMoment {
    pub(super) time_zone: Tz,
    then: Option<Then>,
}

impl FromFields for AskedMoment {
    fn read(fields: &mut Fields) -> Option<Self> {
        let time_zone = fields.optional("timeZone", readers::zone());
        let then = Then::read(fields)?;
        Some(Self { time_zone: time_zone?.unwrap_or(Tz::UTC), then })
    }
}

impl AskedMoment {
    /// Opens the view. Waits until the requested position is folded.
    ///
    /// # Errors
    /// A position beyond the log; `projection_behind`.
    pub(super) async fn view(&self, state: &AppState, min: MinPosition, now: Moment) -> Result<View, Problem> {
        let (position, _) = Then::resolved(self.then.as_ref(), state, now).await?;
        let Reached { position, folded } = Reached::by(&DASHBOARD, position, state, min).await?;
        Ok(View::open(&state.heavy_reads, position, now.utc(), folded).await?)
    }
}
