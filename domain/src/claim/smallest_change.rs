//! The counterfactual of a denial: the smallest change of a member's facts that would meet the condition, computed from
//! the condition's tree and the evidence of each leaf. It never names a change that cannot happen: in the past, in
//! contradiction with another, or in the hands of staff alone. It knows no text and no clock.

use crate::condition::{Condition, Leaf, LeafEvidence, Seen};

/// What has to change at one leaf of the condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredChange {
    /// The index of the leaf among all leaves of the tree, in reading order.
    pub leaf: usize,
    /// What has to change there.
    pub kind: ChangeKind,
}

/// What has to change at a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// This many more days, facts or referrals, or this much more of a sum.
    More(i128),
    /// The profile has to be completed.
    Complete,
    /// A day of the year has to come.
    WaitForDay,
    /// Below a `not`: the streak has to end, or the facts have to leave the window.
    LetPass,
    /// Below a `not`: the profile has to be incomplete.
    Undo,
}

/// What is known of the member besides the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownProfile {
    /// Whether the member has given a birthday: without one it never comes.
    pub birthday: bool,
}

/// The smallest change that meets the condition: empty when it is met already, `None` when no change that can be named
/// or reached would meet it. Of several, the one that waits least is chosen, then the one that lacks least.
#[must_use]
pub fn smallest_change(
    condition: &Condition,
    evidence: &[LeafEvidence],
    known: KnownProfile,
) -> Option<Vec<RequiredChange>> {
    let mut walk = Walk { evidence, known, next: 0 };
    let plan = walk.plan(condition, true);
    // evidence of another tree says nothing about this one
    if walk.next != evidence.len() {
        return None;
    }
    Some(plan?.changes)
}

struct Walk<'a> {
    evidence: &'a [LeafEvidence],
    known: KnownProfile,
    next: usize,
}

/// One set of changes that gives a part of the tree the wanted value.
#[derive(Default)]
struct Plan<'a> {
    changes: Vec<RequiredChange>,
    /// The value that each leaf concerned must get, or keep.
    demands: Vec<(&'a Leaf, bool)>,
    waits: usize,
    /// How much is missing in all changes together, each in thousandths of what its leaf needs.
    missing: i128,
}

impl Walk<'_> {
    /// Visits every leaf, even where the result is clear, so that the index of a leaf is that of its evidence.
    fn plan<'t>(&mut self, condition: &'t Condition, wanted: bool) -> Option<Plan<'t>> {
        match (condition, wanted) {
            (Condition::All(parts), true) | (Condition::Any(parts), false) => {
                let plans: Vec<_> = parts.iter().map(|part| self.plan(part, wanted)).collect();
                plans.into_iter().collect::<Option<Vec<_>>>().and_then(together)
            }
            (Condition::Any(parts), true) | (Condition::All(parts), false) => {
                let plans: Vec<_> = parts.iter().map(|part| self.plan(part, wanted)).collect();
                plans.into_iter().flatten().min_by_key(|plan| (plan.waits, plan.missing))
            }
            (Condition::Not(part), wanted) => self.plan(part, !wanted),
            (Condition::Leaf(leaf), wanted) => self.leaf(leaf, wanted),
        }
    }

    fn leaf<'t>(&mut self, leaf: &'t Leaf, wanted: bool) -> Option<Plan<'t>> {
        let number = self.next;
        self.next += 1;
        let seen = self.evidence.get(number)?;
        let demands = vec![(leaf, wanted)];
        if seen.met == wanted {
            return Some(Plan { demands, ..Plan::default() });
        }
        let kind = if wanted { self.to_meet(leaf, seen) } else { to_unmeet(leaf) }?;
        let waits = match kind {
            ChangeKind::WaitForDay | ChangeKind::LetPass => 1,
            ChangeKind::More(_) | ChangeKind::Complete | ChangeKind::Undo => 0,
        };
        let missing = match (kind, seen.need) {
            (ChangeKind::More(more), Seen::Number(need)) => more.saturating_mul(1_000) / need.abs().max(1),
            _ => 1_000,
        };
        Some(Plan { changes: vec![RequiredChange { leaf: number, kind }], demands, waits, missing })
    }

    fn to_meet(&self, leaf: &Leaf, seen: &LeafEvidence) -> Option<ChangeKind> {
        let more = match (seen.need, seen.have) {
            (Seen::Number(need), Seen::Number(have)) => Some(ChangeKind::More(need.saturating_sub(have))),
            _ => None,
        };
        match leaf {
            // more days than the window has
            Leaf::ActiveDays { days, window, .. } if window.within.is_some_and(|within| within.0 < *days) => None,
            Leaf::Streak { .. }
            | Leaf::ActiveDays { .. }
            | Leaf::Count { .. }
            | Leaf::Total { .. }
            | Leaf::Referrals { .. } => more,
            Leaf::ProfileComplete => Some(ChangeKind::Complete),
            Leaf::Birthday => self.known.birthday.then_some(ChangeKind::WaitForDay),
            Leaf::JoinAnniversary => Some(ChangeKind::WaitForDay),
            // the day on which somebody joined does not change, and nobody can say what an expression lacks
            Leaf::Joined { .. } | Leaf::Cel(_) => None,
        }
    }
}

/// How a leaf that is met could stop being met: by the mere passing of time, or by the member's own doing.
fn to_unmeet(leaf: &Leaf) -> Option<ChangeKind> {
    match leaf {
        Leaf::Streak { .. } | Leaf::Birthday | Leaf::JoinAnniversary => Some(ChangeKind::LetPass),
        Leaf::ActiveDays { window, .. } | Leaf::Count { window, .. } | Leaf::Total { window, .. } => {
            window.within.map(|_| ChangeKind::LetPass)
        }
        Leaf::Joined { within, .. } => within.map(|_| ChangeKind::LetPass),
        Leaf::ProfileComplete => Some(ChangeKind::Undo),
        Leaf::Referrals { .. } | Leaf::Cel(_) => None,
    }
}

/// All of these changes together, unless they contradict each other.
fn together(plans: Vec<Plan<'_>>) -> Option<Plan<'_>> {
    let mut whole = Plan::default();
    for plan in plans {
        whole.changes.extend(plan.changes);
        whole.demands.extend(plan.demands);
        whole.waits += plan.waits;
        whole.missing = whole.missing.saturating_add(plan.missing);
    }
    let (met, unmet): (Vec<_>, Vec<_>) = whole.demands.iter().partition(|(_, wanted)| *wanted);
    let contradict = met.iter().any(|(yes, _)| unmet.iter().any(|(no, _)| excludes(yes, no)));
    (!contradict).then_some(whole)
}

/// Whether one leaf cannot be met while the other is not: the same question, and the other asks for no more.
fn excludes(yes: &Leaf, no: &Leaf) -> bool {
    let ((asked, at_least), (other, not_yet)) = (question(yes), question(no));
    asked == other && not_yet <= at_least
}

/// A leaf without its threshold, and the threshold.
fn question(leaf: &Leaf) -> (Leaf, i64) {
    let mut asked = leaf.clone();
    let threshold = match &mut asked {
        Leaf::Streak { days, .. } | Leaf::ActiveDays { days, .. } => i64::from(std::mem::take(days)),
        Leaf::Count { count, .. } | Leaf::Referrals { count, .. } => std::mem::take(count),
        Leaf::Total { total, .. } => std::mem::take(total),
        Leaf::ProfileComplete | Leaf::Birthday | Leaf::JoinAnniversary | Leaf::Joined { .. } | Leaf::Cel(_) => 0,
    };
    (asked, threshold)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The leaves are seen as told: a number, or yes or no.
    #[track_caller]
    fn check(condition: Value, have: &[Value], expected: Option<&[(usize, ChangeKind)]>) {
        let condition = Condition::parse(&condition).unwrap();
        let evidence: Vec<LeafEvidence> = condition
            .leaves()
            .zip(have)
            .map(|(leaf, have)| {
                let (_, threshold) = question(leaf);
                let (need, have, met) = match have {
                    Value::Bool(have) => (Seen::Flag(true), Seen::Flag(*have), *have),
                    have => {
                        let (need, have) = (i128::from(threshold), i128::from(have.as_i64().unwrap()));
                        (Seen::Number(need), Seen::Number(have), have >= need)
                    }
                };
                let (path, leaf) = (String::new(), leaf.name().to_owned());
                LeafEvidence { path, leaf, kind: None, measure: None, need, have, met, local_date: None, error: None }
            })
            .collect();
        let found = smallest_change(&condition, &evidence, KnownProfile { birthday: true });
        let expected = expected
            .map(|steps| steps.iter().map(|(leaf, kind)| RequiredChange { leaf: *leaf, kind: *kind }).collect());
        assert_eq!(found, expected, "{condition:?}");
    }

    fn streak(days: u32) -> Value {
        json!({"streak": {"kind": "login", "days": days}})
    }

    fn count(count: u32) -> Value {
        json!({"count": {"kind": "review", "count": count}})
    }

    #[test]
    fn every_unmet_part_of_all_is_missing_and_the_nearest_part_of_any() {
        check(streak(7), &[json!(5)], Some(&[(0, ChangeKind::More(2))]));
        check(streak(7), &[json!(9)], Some(&[]));
        let all = json!({"all": [streak(7), count(1), {"profileComplete": {}}]});
        check(all, &[json!(5), json!(3), json!(false)], Some(&[(0, ChangeKind::More(2)), (2, ChangeKind::Complete)]));
        let any = json!({"any": [streak(7), {"referrals": {"count": 3}}]});
        check(any.clone(), &[json!(1), json!(2)], Some(&[(1, ChangeKind::More(1))]));
        check(any.clone(), &[json!(6), json!(1)], Some(&[(0, ChangeKind::More(1))]));
        check(any, &[json!(6), json!(3)], Some(&[]));
        let both = json!({"any": [{"all": [streak(7), count(9)]}, {"all": [streak(30), count(1)]}]});
        check(
            both,
            &[json!(6), json!(8), json!(6), json!(8)],
            Some(&[(0, ChangeKind::More(1)), (1, ChangeKind::More(1))]),
        );
    }

    #[test]
    fn doing_comes_before_waiting() {
        let any = json!({"any": [{"birthday": {}}, count(100)]});
        check(any, &[json!(false), json!(0)], Some(&[(1, ChangeKind::More(100))]));
        check(json!({"joinAnniversary": {}}), &[json!(false)], Some(&[(0, ChangeKind::WaitForDay)]));
    }

    #[test]
    fn nothing_is_promised_that_cannot_be_reached() {
        check(json!({"joined": {"to": "2020-01-01"}}), &[json!(false)], None);
        let joined = json!({"any": [{"joined": {"to": "2020-01-01"}}, count(2)]});
        check(joined, &[json!(false), json!(1)], Some(&[(1, ChangeKind::More(1))]));
        check(json!({"all": [{"joined": {"within": "7d"}}, count(2)]}), &[json!(false), json!(1)], None);
        let short = json!({"activeDays": {"kind": "login", "days": 8, "within": "7d"}});
        check(short, &[json!(5)], None);
        let unknown = Condition::parse(&json!({"birthday": {}})).unwrap();
        let seen = |have| LeafEvidence {
            path: String::new(),
            leaf: "birthday".to_owned(),
            kind: None,
            measure: None,
            need: Seen::Flag(true),
            have: Seen::Flag(have),
            met: have,
            local_date: None,
            error: None,
        };
        assert_eq!(smallest_change(&unknown, &[seen(false)], KnownProfile { birthday: false }), None);
        assert_eq!(smallest_change(&unknown, &[seen(false), seen(true)], KnownProfile { birthday: true }), None);
    }

    #[test]
    fn below_a_not_what_is_there_must_pass_and_what_never_passes_is_not_promised() {
        let not = |leaf: Value| json!({"not": leaf});
        check(not(json!({"birthday": {}})), &[json!(true)], Some(&[(0, ChangeKind::LetPass)]));
        check(not(streak(3)), &[json!(4)], Some(&[(0, ChangeKind::LetPass)]));
        check(not(count(1)), &[json!(1)], None);
        let recent = json!({"count": {"kind": "review", "count": 1, "within": "30d"}});
        check(not(recent), &[json!(1)], Some(&[(0, ChangeKind::LetPass)]));
        check(not(json!({"profileComplete": {}})), &[json!(true)], Some(&[(0, ChangeKind::Undo)]));
        check(not(not(count(2))), &[json!(1)], Some(&[(0, ChangeKind::More(1))]));
        let either = json!({"not": {"all": [count(1), {"birthday": {}}]}});
        check(either, &[json!(1), json!(true)], Some(&[(1, ChangeKind::LetPass)]));
        let neither = json!({"not": {"any": [count(1), {"birthday": {}}]}});
        check(neither, &[json!(1), json!(true)], None);
    }

    #[test]
    fn what_contradicts_itself_is_not_promised() {
        check(json!({"all": [count(3), {"not": count(3)}]}), &[json!(1), json!(1)], None);
        check(json!({"all": [count(3), {"not": count(2)}]}), &[json!(1), json!(1)], None);
        let between = json!({"all": [count(3), {"not": count(5)}]});
        check(between, &[json!(1), json!(1)], Some(&[(0, ChangeKind::More(2))]));
        check(json!({"all": [streak(3), {"not": streak(2)}]}), &[json!(4), json!(4)], None);
    }
}
