//! For tests: inputs that try to make the answer, or the work for it, grow faster than the input. Every reader must
//! keep two bounds: the size of its answer, and what it allocates per byte of input. It knows no reader.

use allocation_counter::measure;
use futures::FutureExt as _;
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use crate::app::i18n::{Language, while_speaking};
use crate::app::problem::{MAX_ERRORS, Problem};

/// The largest answer to bad input.
pub(crate) const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// What reading may allocate per byte, counting freed memory too; an object of one field needs most.
const PER_BYTE: u64 = 250;
/// What reading may allocate besides, whatever the input.
const AT_ALL: u64 = 2 * 1024 * 1024;

/// Reads an input; the result is its answer.
#[track_caller]
pub(crate) fn in_proportion<T>(input: &[u8], read: impl FnOnce() -> T) -> T {
    let mut read = Some(read);
    let mut answer = None;
    let work = measure(|| answer = read.take().map(|read| read()));
    let most = AT_ALL + PER_BYTE * input.len() as u64;
    assert!(work.bytes_total <= most, "{} bytes for {} of input: {}", work.bytes_total, input.len(), shown(input));
    answer.unwrap()
}

/// Reads an input that may be refused, and checks the bounds of the refusal in every language.
#[track_caller]
pub(crate) fn is_bounded<T>(input: &[u8], read: impl FnOnce() -> Result<T, Problem>) {
    let Err(problem) = in_proportion(input, read) else { return };
    assert!(problem.errors().len() <= MAX_ERRORS);
    for language in Language::ALL {
        let answer = in_proportion(input, || while_speaking(language, || problem.render(Uuid::nil())));
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).now_or_never().unwrap().unwrap();
        assert!(body.len() <= MAX_ANSWER_BYTES, "{} bytes for {}", body.len(), shown(input));
    }
}

fn shown(input: &[u8]) -> String {
    String::from_utf8_lossy(&input[..input.len().min(300)]).into_owned()
}

/// The key of the issue: 30,000 letters, and in it 4,000 times the same.
pub(crate) fn long_key_and_many_twice() -> String {
    format!("{{\"{}\": {{{}}}}}", "k".repeat(30_000), vec!["\"a\":1"; 4_000].join(","))
}

/// JSON, and nearly JSON: few levels of keys of any length, and in them very many of something small.
pub(crate) fn bodies(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    let levels = vec((key(known), any::<bool>()), 0..8);
    (levels, key(known), value(known), 1_usize..6_000, 0..4_u8, any::<bool>()).prop_map(
        |(levels, key, value, count, shape, whole)| {
            let most = count.min(200_000 / (key.len() + value.len() + 4));
            let many = |item: &dyn Fn(usize) -> String| (0..=most).map(item).collect::<Vec<_>>().join(",");
            let mut body = match shape {
                0 => format!("{{{}}}", many(&|_| format!("\"{key}\":{value}"))),
                1 => format!("{{{}}}", many(&|index| format!("\"{key}{index}\":{value}"))),
                2 => format!("[{}]", many(&|_| value.clone())),
                _ => format!("[{}]", many(&|_| format!("{{\"{key}\":{value}}}"))),
            };
            for (key, in_a_list) in levels {
                body = if in_a_list { format!("{{\"{key}\":[{body}]}}") } else { format!("{{\"{key}\":{body}}}") };
            }
            if whole { body } else { body[..body.floor_char_boundary(body.len() / 2)].to_owned() }
        },
    )
}

fn key(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec!["a", "\\\"", "\\\\", "\\u0001", "한", "🦀", ".", "[0]"]);
    prop_oneof![
        4 => prop::sample::select(known).prop_map(str::to_owned),
        1 => (letter, 0_usize..30_000).prop_map(|(letter, count)| letter.repeat(count)),
    ]
}

fn value(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    let small = ["0", "1.5", "-1e300", "null", "true", "\"\"", "\"한\"", "[]", "{}", "{\"a\":0}", "[[[[0]]]]", "\"x\""];
    prop_oneof![
        4 => prop::sample::select(small.to_vec()).prop_map(str::to_owned),
        1 => (0_usize..20_000).prop_map(|count| format!("\"{}\"", "(".repeat(count))),
        2 => key(known).prop_map(|key| format!("{{\"{key}\":{{}}}}")),
        1 => (key(known), key(known)).prop_map(|(outer, inner)| format!("{{\"{outer}\":{{\"{inner}\":1,\"{inner}\":2}}}}")),
    ]
}
