//! What a reader of the dashboard asks for: a window of time, buckets, a zone, and a position of the
//! past. What is left out is decided here.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Moment;
use domain::zone::Tz;
use projections::log;
use projections::read_models::dashboard::{Bucket, MAX_BUCKETS, Timeline, View};

use crate::app::input::fields::readers::{self, InstantOrDate};
use crate::app::input::fields::{Broken, Fields, FromFields, Reader};
use crate::app::problem::Problem;
use crate::http::headers::positions::MinPosition;
use crate::http::state::AppState;

/// The read model behind these routes.
pub(super) const DASHBOARD: [&str; 1] = ["dashboard"];
/// The window when none is asked for.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);
/// A window that ends now has what happens at this moment in it.
const JUST_AFTER: TimeDelta = TimeDelta::milliseconds(1);

/// A window of time, now or as of then.
pub(super) struct Asked {
    from: Option<InstantOrDate>,
    to: Option<InstantOrDate>,
    time_zone: Tz,
    then: Option<Then>,
}

/// What is asked for, once it is folded.
pub(super) struct Reached {
    /// The position of the past, if one is asked for.
    pub(super) position: Option<i64>,
    /// How far the read models are at least.
    pub(super) folded: i64,
}

impl Reached {
    /// Waits until these read models have folded what is asked for.
    ///
    /// # Errors
    /// `projection_behind`.
    pub(super) async fn by(
        models: &[&str],
        position: Option<i64>,
        state: &AppState,
        min: MinPosition,
    ) -> Result<Self, Problem> {
        let folded = min.and(position.unwrap_or_default()).reached_by(models, state).await?;
        Ok(Self { position, folded })
    }
}

/// A moment of the past.
pub(super) enum Then {
    Position(i64),
    Time(Moment),
}

impl FromFields for Asked {
    fn read(fields: &mut Fields) -> Option<Self> {
        let from = fields.optional("from", readers::instant_or_date());
        let to = fields.optional("to", readers::instant_or_date());
        let time_zone = fields.optional("timeZone", readers::zone());
        let then = Then::read(fields)?;
        Some(Self { from: from?, to: to?, time_zone: time_zone?.unwrap_or(Tz::UTC), then })
    }
}

/// From a moment on and before another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

impl Asked {
    /// The numbers that are asked for, and the window. Waits until what is asked for is folded in.
    ///
    /// # Errors
    /// As [`Asked::of`].
    pub(super) async fn view(
        &self,
        state: &AppState,
        min: MinPosition,
        now: Moment,
    ) -> Result<(View, Window), Problem> {
        let (Reached { position, folded }, window) = self.of(&DASHBOARD, state, min, now).await?;
        Ok((View::open(&state.heavy_reads, position, now.utc(), folded).await?, window))
    }

    /// What is asked for, and the window. Waits until these read models have folded it.
    ///
    /// # Errors
    /// A window that ends before it begins; a position beyond the end of the log; `projection_behind`.
    pub(super) async fn of(
        &self,
        models: &[&str],
        state: &AppState,
        min: MinPosition,
        now: Moment,
    ) -> Result<(Reached, Window), Problem> {
        let (position, clock) = Then::resolved(self.then.as_ref(), state, now).await?;
        let window = self.window(clock)?;
        Ok((Reached::by(models, position, state, min).await?, window))
    }

    fn window(&self, clock: Moment) -> Result<Window, Problem> {
        let moment = |asked: InstantOrDate| asked.in_zone(self.time_zone).utc();
        let to = self.to.map_or(clock.utc() + JUST_AFTER, moment);
        let from = self.from.map_or(to - DEFAULT_WINDOW, moment);
        if from <= to {
            return Ok(Window { from, to });
        }
        let field = if self.to.is_some() { "query.to" } else { "query.from" };
        Err(Problem::field(field, "order", "`from` must not be after `to`"))
    }
}

impl Then {
    /// The requested moment, by position or by time.
    #[expect(
        clippy::option_option,
        reason = "the outer one is that of every reader of fields: whether they can be read"
    )]
    pub(super) fn read(fields: &mut Fields) -> Option<Option<Self>> {
        let position = fields.optional("atPosition", readers::position());
        let time = fields.optional("atTime", readers::instant());
        match (position?, time?) {
            (Some(_), Some(_)) => {
                fields.report("atTime", Broken::new("either", "must not be there beside `atPosition`"));
                None
            }
            (position, time) => Some(position.map(Self::Position).or_else(|| time.map(|time| Self::Time(time.moment)))),
        }
    }

    /// The position, if one is asked for, and the moment that counts for it: now, or when it was recorded.
    pub(super) async fn resolved(
        then: Option<&Self>,
        state: &AppState,
        now: Moment,
    ) -> Result<(Option<i64>, Moment), Problem> {
        let Some(then) = then else { return Ok((None, now)) };
        let (position, recorded_at) = then.position(state, now).await?;
        Ok((Some(position), recorded_at))
    }

    /// The position, and when it was recorded.
    async fn position(&self, state: &AppState, now: Moment) -> Result<(i64, Moment), Problem> {
        let mut conn = state.heavy_read().await?;
        let position = match self {
            Self::Position(position) => *position,
            Self::Time(time) if *time > now => {
                return Err(Problem::field("query.atTime", "beyond", "must not be in the future"));
            }
            Self::Time(time) => log::position_at(&mut conn, *time).await?,
        };
        if position == 0 {
            return Ok((0, Moment::from(DateTime::UNIX_EPOCH)));
        }
        let recorded_at = log::recorded_at(&mut conn, position).await?;
        let beyond = || Problem::field("query.atPosition", "beyond", "must not be beyond the end of the log");
        Ok((position, recorded_at.ok_or_else(beyond)?))
    }
}

/// A window of time, cut into buckets.
pub(super) struct AskedTimeline {
    window: Asked,
    bucket: Bucket,
}

/// A window of time for an answer without a timeline: buckets may be named, as beside it, and change nothing.
pub(super) struct AskedSummary {
    window: Asked,
    bucket: Option<Bucket>,
}

impl FromFields for AskedSummary {
    fn read(fields: &mut Fields) -> Option<Self> {
        let bucket = fields.optional("bucket", bucket());
        let window = Asked::read(fields);
        Some(Self { window: window?, bucket: bucket? })
    }
}

impl AskedSummary {
    /// The numbers that are asked for, and the window.
    ///
    /// # Errors
    /// As [`AskedTimeline::view`].
    pub(super) async fn view(
        &self,
        state: &AppState,
        min: MinPosition,
        now: Moment,
    ) -> Result<(View, Window), Problem> {
        let (view, window) = self.window.view(state, min, now).await?;
        if let Some(bucket) = self.bucket {
            timeline(window, bucket, self.window.time_zone)?;
        }
        Ok((view, window))
    }
}

/// Refuses minutes as buckets of numbers that are counted by the hour.
fn bucket() -> impl Reader<Value = Bucket> {
    let buckets = [Bucket::Hour, Bucket::Day, Bucket::Week, Bucket::Month];
    readers::choice(buckets.map(|bucket| (bucket.name(), bucket)))
}

fn timeline(window: Window, bucket: Bucket, zone: Tz) -> Result<Timeline, Problem> {
    let too_many = || {
        let rule = format!("must not make more than {MAX_BUCKETS} buckets of the window");
        Problem::field("query.bucket", "buckets", rule)
    };
    Timeline::of(window.from, window.to, bucket, zone).ok_or_else(too_many)
}

impl FromFields for AskedTimeline {
    fn read(fields: &mut Fields) -> Option<Self> {
        let bucket = fields.optional("bucket", bucket());
        let window = Asked::read(fields);
        Some(Self { window: window?, bucket: bucket?.unwrap_or_default() })
    }
}

impl AskedTimeline {
    /// The time zone of its days.
    pub(super) fn zone(&self) -> Tz {
        self.window.time_zone
    }

    /// The numbers that are asked for, and the buckets.
    ///
    /// # Errors
    /// As [`Asked::view`]; more buckets than an answer holds.
    pub(super) async fn view(
        &self,
        state: &AppState,
        min: MinPosition,
        now: Moment,
    ) -> Result<(View, Timeline), Problem> {
        let (view, window) = self.window.view(state, min, now).await?;
        Ok((view, timeline(window, self.bucket, self.window.time_zone)?))
    }

    /// The requested position of the past, if any, and the buckets. Waits as [`Asked::of`] does.
    ///
    /// # Errors
    /// As [`AskedTimeline::view`].
    pub(super) async fn of(
        &self,
        models: &[&str],
        state: &AppState,
        min: MinPosition,
        now: Moment,
    ) -> Result<(Reached, Timeline), Problem> {
        let (reached, window) = self.window.of(models, state, min, now).await?;
        Ok((reached, timeline(window, self.bucket, self.window.time_zone)?))
    }
}

/// The same for numbers that also have buckets of a minute.
pub(super) struct AskedMinutes(pub(super) AskedTimeline);

impl FromFields for AskedMinutes {
    fn read(fields: &mut Fields) -> Option<Self> {
        let bucket = fields.optional("bucket", readers::choice(Bucket::ALL.map(|bucket| (bucket.name(), bucket))));
        let window = Asked::read(fields);
        Some(Self(AskedTimeline { window: window?, bucket: bucket?.unwrap_or_default() }))
    }
}
