//! What the running events offer a member: rewards that can be claimed, and events that are on the way. The API says
//! whether a claim would be granted; nothing is decided here.

use std::collections::BTreeSet;

use axum::http::Method;
use chrono::Datelike as _;
use domain::claim::KnownProfile;
use domain::condition::{Condition, Leaf};
use fluent_bundle::FluentArgs;
use futures::future::join_all;
use serde_json::{Value, json};

use super::asked::{ClaimLine, EventLine, Events, Progress, RewardLine, RewardProgress, Rewards, Streak, User};
use super::lately::when;
use super::needs::{Around, Next, Step, next, steps};
use crate::app::clock;
use crate::pages::client::{Change, Refused};
use crate::pages::form;
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;

/// How many events one page reads.
const SHOWN: usize = 12;
/// For how many kinds of activity the streak is read, besides log-ins.
const MOST_KINDS: usize = 4;
/// A stock is low below one part in this many.
const LITTLE: i64 = 10;

/// The offers of the running events.
pub(super) struct Offers {
    pub(super) ready: Vec<Ready>,
    pub(super) on_the_way: Vec<OnTheWay>,
    pub(super) from: usize,
    pub(super) next_from: usize,
    /// How many more events end later.
    pub(super) later: usize,
}

/// A reward that can be claimed.
pub(super) struct Ready {
    pub(super) event: String,
    pub(super) sub: String,
    pub(super) gain: String,
    pub(super) left: Option<Left>,
    pub(super) reward_id: String,
    pub(super) key: String,
    /// What the claim is called, where members claim as often as they pay.
    pub(super) reference: Option<String>,
    pub(super) button: String,
}

/// An event in which nothing can be claimed now.
pub(super) struct OnTheWay {
    pub(super) event: String,
    pub(super) sub: String,
    pub(super) gains: Vec<(String, Option<Left>)>,
    pub(super) steps: Vec<Step>,
    /// The claim of this period: its status, the same in words, and its page.
    pub(super) claimed: Option<(String, String, String)>,
    /// What is missing, as the end of a sentence.
    pub(super) missing: Option<String>,
    pub(super) after: Option<String>,
}

/// The remaining stock, and whether it is low.
pub(super) struct Left {
    pub(super) said: String,
    pub(super) is_little: bool,
}

/// The answers about one event.
struct Asked {
    event: EventLine,
    progress: Progress,
    rewards: Vec<RewardLine>,
}

/// # Errors
/// The API's for the list of events. An event whose details cannot be read is left out.
pub(super) async fn offers(
    visit: &Visit,
    user: &User,
    claims: &[ClaimLine],
    logins: Option<&Streak>,
) -> Result<Offers, Refused> {
    let mut all: Events = visit.api.get("/events", &[("status", "active"), ("limit", "200")]).await?;
    all.events.sort_by_key(|event| event.end_date);
    let total = all.events.len();
    let from = visit.asked("from").and_then(|from| from.parse().ok()).unwrap_or(0).min(total);
    let shown: Vec<_> = all.events.into_iter().skip(from).take(SHOWN).collect();
    let next_from = from + shown.len();
    let asked = join_all(shown.into_iter().map(|event| ask(visit, event))).await;
    let asked: Vec<_> = asked.into_iter().flatten().collect();
    let streaks = streaks(visit, &asked, logins).await;
    let today = logins.map_or_else(|| visit.text.day_of(clock::now()), |streak| streak.today);
    let around = Around { text: visit.text, streaks: &streaks, today, now: true };
    let known = KnownProfile { birthday: user.birth_date.is_some() };
    let (mut ready, mut on_the_way) = (vec![], vec![]);
    for of in &asked {
        let mut open = vec![];
        for progress in of.progress.rewards.iter().filter(|reward| of.progress.eligible && can_be_claimed(reward)) {
            // the progress does not include the event's budget
            if of.event.max_reward_count.is_none() || is_granted(visit, &of.event, &progress.id).await {
                open.extend(of.rewards.iter().find(|reward| reward.id == progress.id).map(|reward| (progress, reward)));
            }
        }
        if open.is_empty() {
            on_the_way.extend(on_the_way_of(&around, of, claims, known));
        }
        ready.extend(open.into_iter().map(|(progress, reward)| ready_of(&around, &of.event, progress, reward)));
    }
    Ok(Offers { ready, on_the_way, from, next_from, later: total - next_from })
}

async fn ask(visit: &Visit, event: EventLine) -> Option<Asked> {
    let (progress, rewards) = (format!("/events/{}/progress", event.id), format!("/events/{}/rewards", event.id));
    let (progress, rewards) =
        tokio::join!(visit.api.get::<Progress>(&progress, &[]), visit.api.get::<Rewards>(&rewards, &[("limit", "50")]));
    Some(Asked { event, progress: progress.ok()?, rewards: rewards.ok()?.rewards })
}

/// The streaks that the rules need.
async fn streaks(visit: &Visit, asked: &[Asked], logins: Option<&Streak>) -> Vec<Streak> {
    let kinds: BTreeSet<&str> = asked.iter().flat_map(|of| kinds(&of.event.condition)).collect();
    let others = kinds.into_iter().filter(|kind| *kind != "login").take(MOST_KINDS);
    let others = others.map(|kind| async move { visit.api.get::<Streak>("/streaks/me", &[("kind", kind)]).await.ok() });
    join_all(others).await.into_iter().flatten().chain(logins.cloned()).collect()
}

fn kinds(condition: &Condition) -> impl Iterator<Item = &str> {
    condition.leaves().filter_map(|leaf| match leaf {
        Leaf::Streak { kind, .. } => Some(kind.as_str()),
        _ => None,
    })
}

fn can_be_claimed(reward: &RewardProgress) -> bool {
    let again = matches!(reward.claim_status.as_deref(), None | Some("denied" | "expired"));
    let payable = reward.price.as_ref().is_none_or(|price| !price.is_out_of_reach());
    again && !reward.limit_reached && reward.remaining != Some(0) && payable
}

/// Whether a claim would be granted now, by a dry run.
async fn is_granted(visit: &Visit, event: &EventLine, reward: &str) -> bool {
    let path = format!("/claims/{reward}/claim?dryRun=true");
    let body = event.reference().map(|reference| json!({ "reference": reference }));
    visit.api.change::<Value>(Method::POST, &path, Change { body, ..Change::default() }).await.is_ok()
}

fn ready_of(around: &Around<'_>, event: &EventLine, progress: &RewardProgress, reward: &RewardLine) -> Ready {
    let text = around.text;
    let gain = reward.gain.say(text);
    let price = reward.price.as_ref().map(|price| price.say(text));
    let button = match (event.approval.as_str(), price) {
        ("manual", Some(price)) => say!(text, "ui-me-ask-for-price", gain = gain.clone(), price = price),
        ("manual", None) => say!(text, "ui-me-ask-for", gain = gain.clone()),
        (_, Some(price)) => say!(text, "ui-me-claim-for", gain = gain.clone(), price = price),
        (_, None) => say!(text, "ui-me-claim", gain = gain.clone()),
    };
    Ready {
        event: event.name.clone(),
        sub: until(text, event),
        button,
        left: left(text, progress.remaining, reward.quantity),
        reward_id: reward.id.clone(),
        key: form::new_key(),
        reference: event.reference(),
        gain,
    }
}

/// `None` if the event has nothing more for the member.
fn on_the_way_of(around: &Around<'_>, of: &Asked, claims: &[ClaimLine], known: KnownProfile) -> Option<OnTheWay> {
    let (text, Asked { event, progress, rewards }) = (around.text, of);
    let state = |reward: &RewardLine| progress.rewards.iter().find(|progress| progress.id == reward.id);
    let gains = rewards.iter().rev().filter_map(|reward| {
        let progress = state(reward)?;
        Some((reward.gain.say(text), left(text, progress.remaining, reward.quantity)))
    });
    let gains: Vec<_> = gains.collect();
    let taken = progress.rewards.iter().find(|reward| !can_be_asked_again(reward));
    let next_period = progress.rewards.iter().find_map(|reward| reward.next_period_starts_at);
    let has_rewards = !gains.is_empty();
    let shown = |steps, claimed, missing, after| {
        Some(OnTheWay { event: event.name.clone(), sub: until(text, event), gains, steps, claimed, missing, after })
    };
    if let Some(taken) = taken {
        let waits = taken.claim_status.as_deref() == Some("pending");
        if next_period.is_none() && !waits {
            return None;
        }
        let claim = claims.iter().find(|claim| claim.reward_id == taken.id);
        let claimed = claim.map(|claim| {
            let status = text.say_of("status", &claim.status);
            let said = say!(text, "ui-me-claimed", status = status, when = when(text, claim.updated_at));
            (claim.status.clone(), said, format!("/ui/me/claims/{}", claim.id))
        });
        let after = next_period.map(|at| say!(text, "ui-me-next-from", at = text.moment(at)));
        return shown(vec![], claimed, None, after);
    }
    if !has_rewards {
        return None;
    }
    if progress.eligible {
        return shown(vec![], None, None, Some(hindrance(text, progress)));
    }
    let steps = steps(around, &event.condition, &progress.evidence);
    match next(around, &event.condition, &progress.evidence, known) {
        Next::Missing(missing) if missing.is_empty() => shown(steps, None, None, None),
        Next::Missing(missing) => shown(steps, None, Some(missing.join(" · ")), Some(text.say("ui-me-then-yours"))),
        Next::OnTheDay => shown(steps, None, None, Some(text.say("ui-me-on-the-day"))),
        Next::Nothing => shown(steps, None, None, Some(text.say("ui-me-out-of-reach"))),
    }
}

/// The rule is met but nothing can be claimed: which limit is used up, or of which points there are too few.
fn hindrance(text: Text, progress: &Progress) -> String {
    if progress.rewards.iter().all(|reward| reward.limit_reached) {
        return text.say("ui-me-had-all");
    }
    let open = progress.rewards.iter().filter(|reward| !reward.limit_reached && reward.remaining != Some(0));
    let price = open.filter_map(|reward| reward.price.as_ref()).find(|price| price.is_out_of_reach());
    price.map_or_else(|| text.say("ui-me-nothing-left"), |price| price.too_few(text))
}

/// A claim that was denied or has expired may be made again in the same period.
fn can_be_asked_again(reward: &RewardProgress) -> bool {
    matches!(reward.claim_status.as_deref(), None | Some("denied" | "expired"))
}

fn left(text: Text, remaining: Option<i64>, quantity: Option<i64>) -> Option<Left> {
    let remaining = remaining?;
    let is_little = quantity.is_some_and(|quantity| remaining.saturating_mul(LITTLE) < quantity);
    let said = match quantity {
        Some(quantity) if is_little => say!(text, "ui-me-left-of", left = remaining, all = quantity),
        _ => say!(text, "ui-me-left", left = remaining),
    };
    Some(Left { said, is_little })
}

/// `every day until 29 Nov`.
fn until(text: Text, event: &EventLine) -> String {
    let (day, today) = (text.day_of(event.end_date), text.day_of(clock::now()));
    // an event may last for years
    let day = if day.year() == today.year() { text.moment(event.end_date) } else { text.day_with_year(day) };
    let mut args = FluentArgs::new();
    args.set("day", day);
    text.known_of("me-until", &event.frequency, &args).unwrap_or_default()
}

/// The requirements of an event as a past claim was decided.
pub(super) fn steps_then(text: Text, told: &super::asked::Explanation) -> Vec<Step> {
    let around = Around { text, streaks: &[], today: told.local_date, now: false };
    steps(&around, &told.condition, &told.leaves)
}

/// The offer of one reward now: ready to be claimed, or what is missing.
pub(super) async fn offer_of(visit: &Visit, user: &User, event: &str, reward: &str) -> Option<Result<Ready, OnTheWay>> {
    let event: EventLine = visit.api.get(&format!("/events/{event}"), &[]).await.ok()?;
    let of = ask(visit, event).await?;
    let logins: Option<Streak> = visit.api.get("/streaks/me", &[]).await.ok();
    let streaks = streaks(visit, std::slice::from_ref(&of), logins.as_ref()).await;
    let today = logins.map_or_else(|| visit.text.day_of(clock::now()), |streak| streak.today);
    let around = Around { text: visit.text, streaks: &streaks, today, now: true };
    let progress = of.progress.rewards.iter().find(|progress| progress.id == reward)?;
    let line = of.rewards.iter().find(|line| line.id == reward)?;
    let open = of.progress.eligible
        && can_be_claimed(progress)
        && (of.event.max_reward_count.is_none() || is_granted(visit, &of.event, reward).await);
    if open {
        return Some(Ok(ready_of(&around, &of.event, progress, line)));
    }
    let known = KnownProfile { birthday: user.birth_date.is_some() };
    on_the_way_of(&around, &of, &[], known).map(Err)
}

impl Left {
    /// The class of the colour.
    pub(super) fn class(&self) -> &'static str {
        if self.is_little { "no" } else { "muted" }
    }
}
