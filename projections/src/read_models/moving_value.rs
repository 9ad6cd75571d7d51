//! Which stored events can move value, told without decoding them: most claims do not, and whoever follows value would
//! otherwise read all of them for nothing. It may say yes to one that moves nothing, never the other way round.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// A claim that moves value names one of these.
static NAMES: LazyLock<[Finder<'static>; 4]> =
    LazyLock::new(|| [r#""credit""#, r#""paid""#, r#""givenBack""#, r#""reversal""#].map(Finder::new));

/// Whether an event can move value, by its type and its stored text.
#[must_use]
pub fn may_move_value(event_type: &str, payload: &str) -> bool {
    match event_type {
        "claim.denied" | "claim.fulfilled" | "claim.fulfilment_failed" => false,
        "claim.submitted" | "claim.granted" | "claim.approved" | "claim.rejected" | "claim.expired"
        | "claim.withdrawn" | "claim.reversed" => NAMES.iter().any(|name| name.find(payload.as_bytes()).is_some()),
        // what is not known here is looked at
        _ => true,
    }
}

/// Whether a claim can count against budgets; what gives something back can [move value](may_move_value) already.
pub(crate) fn may_count(event_type: &str, payload: &str) -> bool {
    static COUNTED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""counted""#));
    matches!(event_type, "claim.submitted" | "claim.granted") && COUNTED.find(payload.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Event;
    use domain::value::entries;

    /// Every event that is kept as a sample, and moves something, is looked at.
    #[test]
    fn nothing_that_moves_value_is_passed_over() {
        let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/samples");
        let (mut moving, mut passed_over) = (0, 0);
        for file in std::fs::read_dir(samples).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let (event_type, version) = name.rsplit_once(".v").unwrap();
            let payload = std::fs::read_to_string(&file).unwrap();
            let event = Event::decode(event_type, version, &payload).unwrap();
            let moves = entries(&event).iter().any(|entry| entry.amount() != 0);
            moving += usize::from(moves);
            if !may_move_value(event_type, &payload) {
                passed_over += 1;
                assert!(!moves, "{name}");
            }
        }
        assert!(moving > 5 && passed_over > 3, "{moving} move value, {passed_over} are passed over");
    }
}
