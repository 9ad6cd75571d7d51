//! Which leaves kept a condition from being met: pure logic over which of them were met. How much each of them lacked
//! is in the evidence; what a member can still do is in `claim::smallest_change`.

use super::Condition;

impl Condition {
    /// The leaves that would have to change for the condition to be met, as indexes in reading order: every unmet part
    /// of an `all`, all parts of an `any` that has none met (one of them would do), and what is met below a `not`.
    /// Empty if the condition is met.
    #[must_use]
    pub fn missing(&self, is_met: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut missing = Vec::new();
        self.against(true, 0, &is_met, &mut missing);
        missing
    }

    /// Adds the leaves that keep the condition from the wanted result. `first` is the index of its first leaf.
    fn against(&self, wanted: bool, first: usize, is_met: &impl Fn(usize) -> bool, missing: &mut Vec<usize>) {
        if self.outcome(first, is_met) == wanted {
            return;
        }
        match self {
            Self::All(parts) | Self::Any(parts) => {
                let mut place = first;
                for part in parts {
                    part.against(wanted, place, is_met, missing);
                    place += part.leaves().count();
                }
            }
            Self::Not(part) => part.against(!wanted, first, is_met, missing),
            Self::Leaf(_) => missing.push(first),
        }
    }

    fn outcome(&self, first: usize, is_met: &impl Fn(usize) -> bool) -> bool {
        let mut place = first;
        let mut next = |part: &Self| {
            let outcome = part.outcome(place, is_met);
            place += part.leaves().count();
            outcome
        };
        match self {
            Self::All(parts) => parts.iter().all(next),
            Self::Any(parts) => parts.iter().any(next),
            Self::Not(part) => !next(part),
            Self::Leaf(_) => is_met(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn leaf() -> Value {
        json!({"count": {"kind": "visit", "count": 1}})
    }

    #[track_caller]
    fn check(tree: &Value, met: &[usize], expected: &[usize]) {
        let condition = Condition::parse(tree).unwrap();
        assert_eq!(condition.missing(|place| met.contains(&place)), expected, "{tree} with {met:?} met");
    }

    #[test]
    fn every_unmet_part_of_all_is_missing_and_all_parts_of_any_where_none_is_met() {
        let tree = json!({"all": [leaf(), {"any": [leaf(), leaf()]}, {"not": leaf()}]});
        check(&tree, &[0, 1], &[]);
        check(&tree, &[0, 2], &[]);
        check(&tree, &[1], &[0]);
        check(&tree, &[0], &[1, 2]);
        check(&tree, &[], &[0, 1, 2]);
        check(&tree, &[0, 1, 3], &[3]);
        check(&tree, &[3], &[0, 1, 2, 3]);
    }

    #[test]
    fn below_a_not_what_is_met_is_in_the_way() {
        let all = json!({"not": {"all": [leaf(), {"not": leaf()}]}});
        check(&all, &[], &[]);
        check(&all, &[0, 1], &[]);
        check(&all, &[0], &[0, 1]);
        let any = json!({"not": {"any": [leaf(), leaf()]}});
        check(&any, &[1], &[1]);
        check(&any, &[0, 1], &[0, 1]);
        check(&leaf(), &[], &[0]);
        check(&leaf(), &[0], &[]);
    }

    #[test]
    fn it_is_empty_exactly_where_the_condition_is_met() {
        let tree = json!({"any": [{"all": [leaf(), {"not": leaf()}]}, {"not": {"any": [leaf(), leaf()]}}]});
        let condition = Condition::parse(&tree).unwrap();
        for bits in 0..16_usize {
            let is_met = |place: usize| bits & (1 << place) != 0;
            let met = (is_met(0) && !is_met(1)) || !(is_met(2) || is_met(3));
            assert_eq!(condition.missing(is_met).is_empty(), met, "{bits:04b}");
        }
    }
}
