//! As of when coupons are asked about, and how they stood then.

use domain::Moment;
use domain::id::ClaimId;
use projections::audit::AsOf;
use projections::read_models::coupons;

use super::body::{CouponBody, Viewer};
use crate::app::as_of::AT;
use crate::app::input::fields::{Fields, FromFields};
use crate::app::problem::Problem;
use crate::http::state::AppState;

/// As of when; none is now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked(Option<AsOf>);

/// A moment of the past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Then {
    pub(super) position: i64,
    /// Judges what is over.
    clock: Moment,
}

impl FromFields for Asked {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self(AT.read(fields)?))
    }
}

impl Asked {
    /// The moment that was asked about; `None` is now.
    ///
    /// # Errors
    /// A position beyond the end of the log.
    pub(super) async fn then(self, state: &AppState, now: Moment) -> Result<Option<Then>, Problem> {
        let Some(at) = self.0 else { return Ok(None) };
        let mut connection = state.heavy_read().await?;
        let (position, clock) = AT.resolve(&mut connection, at, now).await?;
        Ok(Some(Then { position, clock }))
    }
}

impl Then {
    /// The coupons that there were then, with how many events each had, in the order in which they are asked for.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn coupons(self, state: &AppState, ids: &[ClaimId]) -> Result<Vec<(i64, CouponBody)>, Problem> {
        let mut connection = state.heavy_read().await?;
        let mut found = coupons::at(&mut connection, ids, self.position).await?;
        let body = |id: &ClaimId| {
            let then = found.remove(id)?;
            let body = CouponBody::after(*id, &then.granted, &then.coupon, self.clock, Viewer::Member);
            Some((then.sequence, body))
        };
        Ok(ids.iter().filter_map(body).collect())
    }
}
